import { type Clock, deferred, EastGuardError } from '@eastguard/kernel'

interface PendingRead {
  answer(): void
  refuse(error: Error): void
}

/** Readers that wait for the commit under way: they may not see what it has not made durable yet. */
export class PendingReads {
  readonly #reads = new Set<PendingRead>()

  /**
   * Calls `select` after the commit.
   * @throws EG_TIMEOUT (retry) at the deadline
   */
  wait<Answer>(clock: Clock, deadline: number, select: () => Answer): Promise<Answer> {
    const outcome = deferred<Answer>()
    const timer = clock.setTimer(deadline - clock.now(), () => {
      this.#reads.delete(read)
      outcome.reject(late())
    })
    const read: PendingRead = {
      answer() {
        timer.cancel()
        try {
          outcome.resolve(select())
        } catch (error) {
          outcome.reject(error) // the reader's own
        }
      },
      refuse(error) {
        timer.cancel()
        outcome.reject(error)
      },
    }
    this.#reads.add(read)
    return outcome.promise
  }

  answer(): void {
    this.#end((read) => read.answer())
  }

  refuse(error: Error): void {
    this.#end((read) => read.refuse(error))
  }

  #end(how: (read: PendingRead) => void): void {
    const reads = [...this.#reads]
    this.#reads.clear()
    for (const read of reads) how(read)
  }
}

function late(): EastGuardError {
  return new EastGuardError({
    code: 'EG_TIMEOUT',
    remedy: 'retry',
    message: 'the metadata commit under way did not end before the deadline of the read',
  })
}
