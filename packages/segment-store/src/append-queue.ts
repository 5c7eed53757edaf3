import { BoundedQueue } from '@eastguard/kernel'
import { overloaded } from './errors.ts'
import type { Cache } from './segment/cache.ts'

const waitingCountMax = 65_536

interface Waiting {
  readonly bytes: number
  admit(): void
  refuse(error: unknown): void
}

/**
 * Appends that wait for room in memory or in the journal, first come, first served: so the order of one segment's
 * appends is the order of the calls.
 */
export class AppendQueue {
  readonly #cache: Cache
  readonly #hasRoom: (bytes: number) => boolean
  readonly #waiting = new BoundedQueue<Waiting>(waitingCountMax)

  constructor(cache: Cache, hasRoom: (bytes: number) => boolean) {
    this.#cache = cache
    this.#hasRoom = hasRoom
  }

  get count(): number {
    return this.#waiting.count
  }

  /** Runs `admit` now, or when there is room. @throws EG_OVERLOADED (retry) when too much is waiting */
  enter<Value>(bytes: number, admit: () => Promise<Value>): Promise<Value> {
    if (this.#waiting.count === 0 && this.#hasRoom(bytes)) return admit()
    if (this.#waiting.count >= waitingCountMax || !this.#cache.wait(bytes)) {
      throw overloaded(this.#cache.waitingBytes, this.#cache.waitingBytesMax)
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, admit: () => resolve(admit()), refuse: reject })
    })
  }

  /** There may be room. */
  advance(): void {
    for (
      let next = this.#waiting.peek();
      next !== undefined && this.#hasRoom(next.bytes);
      next = this.#waiting.peek()
    ) {
      this.#leave(next)
      next.admit()
    }
  }

  refuseAll(error: unknown): void {
    for (let next = this.#waiting.peek(); next !== undefined; next = this.#waiting.peek()) {
      this.#leave(next)
      next.refuse(error)
    }
  }

  #leave(next: Waiting): void {
    this.#waiting.shift()
    this.#cache.endWait(next.bytes)
  }
}
