import { type Deferred, deferred, type EastGuardError, InvariantError, type Logger } from '@eastguard/kernel'
import { codedError } from '@eastguard/protocol'

/**
 * Hears of every error that nobody expected. A broken invariant stops the broker, in production too: what is in memory
 * is not what its code believes, and everything that it would acknowledge is in doubt.
 */
export class BugAlarm {
  readonly #raised: Deferred<EastGuardError> = deferred()
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Resolves at the first broken invariant. */
  get raised(): Promise<EastGuardError> {
    return this.#raised.promise
  }

  /** @param where what was being done, for the log */
  notice(error: unknown, where: string): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#logger.error('unexpected error', { where, error: text })
    if (error instanceof InvariantError) this.#raised.resolve(codedError('EG_INTERNAL', error.message, {}, error))
  }
}
