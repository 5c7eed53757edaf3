import { BoundedQueue } from '@eastguard/kernel'

/** A call that waits for room in the buffer. */
export interface Waiter {
  /** Time of the clock at which it gives up. */
  readonly deadline: number
  /** Puts into the buffer what fits. @returns whether all of it is in, or nobody waits for it any more */
  admit(): boolean
  /** Its deadline has passed: nothing of the rest is, or will be, written. */
  expire(): void
}

/**
 * The producer's buffer: bytes taken, and who waits, first come first served, so that waiting keeps the order of the
 * calls. Pure.
 */
export class Admission {
  readonly #bytesMax: number
  readonly #waiting: BoundedQueue<Waiter>
  #bytes = 0
  #admitting = false

  constructor(bounds: { readonly bytesMax: number; readonly waitingCountMax: number }) {
    this.#bytesMax = bounds.bytesMax
    this.#waiting = new BoundedQueue(bounds.waitingCountMax)
  }

  get bytes(): number {
    return this.#bytes
  }

  get hasWaiting(): boolean {
    return this.#waiting.count > 0
  }

  /** All waiters have the same patience: the head is the first to give up. */
  get nextDeadline(): number {
    return this.#waiting.peek()?.deadline ?? Number.POSITIVE_INFINITY
  }

  /** Takes room; an empty buffer takes a record of any size. @returns false when there is none */
  tryTake(bytes: number): boolean {
    if (this.#bytes > 0 && this.#bytes + bytes > this.#bytesMax) return false
    this.#bytes += bytes
    return true
  }

  /** @returns false when too many wait already */
  wait(waiter: Waiter): boolean {
    return this.#waiting.push(waiter)
  }

  release(bytes: number): void {
    this.#bytes -= bytes
  }

  /** Lets in who waits, as far as there is room. */
  admit(): void {
    if (this.#admitting) return // one that is let in may fail at once and release its room: the loop below goes on
    this.#admitting = true
    try {
      for (let head = this.#waiting.peek(); head?.admit() === true; head = this.#waiting.peek()) this.#waiting.shift()
    } finally {
      this.#admitting = false
    }
  }

  expire(now: number): void {
    for (let head = this.#waiting.peek(); head !== undefined && head.deadline <= now; head = this.#waiting.peek()) {
      this.#waiting.shift()
      head.expire()
    }
  }
}
