import { type AbortSignal, abortReason } from '@eastguard/kernel'

/**
 * The outcome of `work`, or the signal's reason when that comes first; `work` itself goes on for whoever shares it, and
 * its late rejection is taken note of here, so that it never floats.
 */
export function orAbort<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(abortReason(signal))
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    const settled = (): void => signal.removeEventListener('abort', onAbort)
    work.then(
      (value) => {
        settled()
        resolve(value)
      },
      (error: Error) => {
        settled()
        reject(error)
      },
    )
  })
}
