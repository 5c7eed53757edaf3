import { type Deferred, deferred, type EastGuardError, isEastGuardError } from '@eastguard/kernel'
import { storeClosed, storeFailed } from './errors.ts'

/** Whether the store still works, and why not: closed, or failed, which is for good (H52). */
export class StopSwitch {
  readonly #failure: Deferred<EastGuardError> = deferred()
  #reason: EastGuardError | undefined
  /** Called once, at the failure, before anybody else learns of it. */
  onFailed: (failure: EastGuardError) => void = () => {}

  /** What every call gets from now on; undefined while the store works. */
  get reason(): EastGuardError | undefined {
    return this.#reason
  }

  get failed(): Promise<EastGuardError> {
    return this.#failure.promise
  }

  /** @throws EG_STORE_FAILED, EG_STORE_CLOSED (give-up) */
  check(): void {
    if (this.#reason !== undefined) throw this.#reason
  }

  close(): EastGuardError {
    this.#reason ??= storeClosed()
    return this.#reason
  }

  fail(error: unknown): EastGuardError {
    if (this.#reason !== undefined && isEastGuardError(this.#reason, 'EG_STORE_FAILED')) return this.#reason
    this.#reason = storeFailed(error)
    this.onFailed(this.#reason)
    this.#failure.resolve(this.#reason)
    return this.#reason
  }
}
