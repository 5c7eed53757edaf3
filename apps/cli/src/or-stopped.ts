import type { AbortSignal } from '@eastguard/kernel'

/** What `orStopped` gives when the signal came first. */
export const stopped: unique symbol = Symbol('stopped')

/**
 * `work`, or `stopped` as soon as the signal aborts; `work` then goes on unheard, and its rejection too.
 * Leaves no listener behind.
 */
export async function orStopped<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result | typeof stopped> {
  if (signal.aborted) {
    work.catch(() => {}) // nobody waits for it any more
    return stopped
  }
  let onAbort = (): void => {}
  const aborted = new Promise<typeof stopped>((resolve) => {
    onAbort = () => resolve(stopped)
    signal.addEventListener('abort', onAbort)
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
