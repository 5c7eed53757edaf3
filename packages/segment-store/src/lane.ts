/**
 * Runs asynchronous work one after the other, in the order in which it came. Bounded by its callers: each piece of
 * work has somebody who waits for it, or replaces nothing that is already queued.
 */
export class Lane {
  #tail: Promise<void> = Promise.resolve()
  #count = 0

  /** Work that runs or waits. */
  get count(): number {
    return this.#count
  }

  /** Settles as the work does; what comes later runs either way. */
  run<Value>(work: () => Promise<Value>): Promise<Value> {
    this.#count++
    const outcome = this.#tail.then(work)
    this.#tail = outcome.then(
      () => void this.#count--,
      () => void this.#count--, // the caller of `run` has the error
    )
    return outcome
  }
}
