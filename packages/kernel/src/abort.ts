import type { AbortSignal } from './abort-signal.ts'
import { EastGuardError } from './error.ts'
import type { Clock } from './ports.ts'

/** Aborts its signal on demand, once. Listeners run synchronously, in the order in which they came. */
export class AbortSource {
  readonly #listeners = new Set<() => void>()
  #aborted = false
  #reason: unknown
  readonly signal: AbortSignal

  constructor() {
    const source = this
    this.signal = {
      get aborted() {
        return source.#aborted
      },
      get reason() {
        return source.#reason
      },
      addEventListener(_type, listener) {
        if (!source.#aborted) source.#listeners.add(listener)
      },
      removeEventListener(_type, listener) {
        source.#listeners.delete(listener)
      },
    }
  }

  abort(reason: unknown): void {
    if (this.#aborted) return
    this.#aborted = true
    this.#reason = reason
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    for (const listener of listeners) listener()
  }
}

/** What an aborted signal means to a caller: the signal's own reason where that is an error, else EG_ABORTED. */
export function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error
    ? signal.reason
    : new EastGuardError({ code: 'EG_ABORTED', remedy: 'give-up', message: 'the call was aborted by its caller' })
}

/** @throws the reason of an aborted signal (EG_ABORTED, give-up, where the caller gave none) */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortReason(signal)
}

/**
 * A signal that aborts with EG_TIMEOUT (retry) after `delayMs`, or earlier with `parent`'s reason.
 * Dispose it when the work has ended, so that neither the timer nor the listener outlives it.
 */
export function withTimeout(
  clock: Clock,
  delayMs: number,
  what: string,
  parent?: AbortSignal,
): { readonly signal: AbortSignal } & Disposable {
  const source = new AbortSource()
  const onParent = (): void => source.abort(parent?.reason)
  const timer = clock.setTimer(delayMs, () => {
    source.abort(
      new EastGuardError({
        code: 'EG_TIMEOUT',
        remedy: 'retry',
        message: `${what} took longer than ${delayMs} ms`,
        facts: { delayMs },
      }),
    )
  })
  if (parent?.aborted) onParent()
  else parent?.addEventListener('abort', onParent)
  return {
    signal: source.signal,
    [Symbol.dispose]() {
      timer.cancel()
      parent?.removeEventListener('abort', onParent)
    },
  }
}

/** Resolves after `delayMs`, or rejects with the signal's reason. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(abortReason(signal))
      return
    }
    const onAbort = (): void => {
      timer.cancel()
      if (signal !== undefined) reject(abortReason(signal))
    }
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort)
  })
}
