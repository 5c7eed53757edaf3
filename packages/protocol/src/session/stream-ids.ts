import { invariant } from '@eastguard/kernel'

/**
 * Stream ids of one connection, for calls and sessions alike: from 1 up, not in use, round at 2^32. An id comes back as
 * late as possible, so that a late answer to an expired call meets nobody else's.
 */
export class StreamIds {
  readonly #inUse = new Set<number>()
  readonly #last: number
  #next = 1

  /** @param last highest id; smaller than 2^32 − 1 only to go round sooner */
  constructor(last = 0xffffffff) {
    this.#last = last
  }

  get inUseCount(): number {
    return this.#inUse.size
  }

  take(): number {
    invariant(this.#inUse.size < this.#last, 'a stream id is free', { inUse: this.#inUse.size })
    while (this.#inUse.has(this.#next)) this.#step()
    const id = this.#next
    this.#inUse.add(id)
    this.#step()
    return id
  }

  release(id: number): void {
    this.#inUse.delete(id)
  }

  #step(): void {
    this.#next = this.#next >= this.#last ? 1 : this.#next + 1
  }
}
