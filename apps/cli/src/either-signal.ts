import { type AbortSignal, AbortSource } from '@eastguard/kernel'

/** Aborts with the first of them. Made to live as long as they do. */
export function eitherSignal(...signals: readonly AbortSignal[]): AbortSignal {
  const either = new AbortSource()
  for (const signal of signals) {
    if (signal.aborted) either.abort(signal.reason)
    else signal.addEventListener('abort', () => either.abort(signal.reason), { once: true })
  }
  return either.signal
}
