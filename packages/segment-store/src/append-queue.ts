import { BoundedQueue } from '@eastguard/kernel'
import { overloaded } from './errors.ts'
import type { Cache } from './segment/cache.ts'
import type { Segment } from './segment/segment.ts'

const waitingCountMax = 65_536

export interface Admission {
  admit(): void
  refuse(error: unknown): void
}

interface Waiting {
  readonly segment: Segment
  readonly bytes: number
  /** Undefined once it was refused out of turn: then only its place is left. */
  work: Admission | undefined
}

/**
 * Appends that wait for room in memory or in the journal, first come, first served: so the order of one segment's
 * appends is the order of the calls. Those of one segment can be refused while the others keep their turns.
 */
export class AppendQueue {
  readonly #cache: Cache
  readonly #hasRoom: (bytes: number) => boolean
  readonly #turns = new BoundedQueue<Waiting>(waitingCountMax)
  /** The same again, without those that were refused. */
  readonly #bySegment = new Map<Segment, BoundedQueue<Waiting>>()
  #count = 0

  constructor(cache: Cache, hasRoom: (bytes: number) => boolean) {
    this.#cache = cache
    this.#hasRoom = hasRoom
  }

  get count(): number {
    return this.#count
  }

  /** Runs `admit` now, or when there is room. @throws EG_OVERLOADED (retry) when too much is waiting */
  enter(segment: Segment, bytes: number, work: Admission): void {
    if (this.#count === 0 && this.#hasRoom(bytes)) return work.admit()
    if (this.#turns.count >= waitingCountMax || !this.#cache.wait(bytes)) {
      throw overloaded(this.#cache.waitingBytes, this.#cache.waitingBytesMax)
    }
    const waiting = { segment, bytes, work }
    this.#turns.push(waiting)
    const queue = this.#bySegment.get(segment) ?? new BoundedQueue(waitingCountMax)
    this.#bySegment.set(segment, queue)
    queue.push(waiting)
    this.#count++
  }

  /** There may be room. */
  advance(): void {
    for (let next = this.#first(); next !== undefined && this.#hasRoom(next.bytes); next = this.#first()) {
      this.#leave(next.segment)?.admit()
    }
  }

  /** Those of one segment, oldest first. */
  refuse(segment: Segment, error: unknown): void {
    for (let work = this.#leave(segment); work !== undefined; work = this.#leave(segment)) work.refuse(error)
  }

  refuseAll(error: unknown): void {
    for (let next = this.#first(); next !== undefined; next = this.#first()) this.#leave(next.segment)?.refuse(error)
  }

  /** Whose turn it is; also its segment's first. */
  #first(): Waiting | undefined {
    let next = this.#turns.peek()
    while (next !== undefined && next.work === undefined) {
      this.#turns.shift()
      next = this.#turns.peek()
    }
    return next
  }

  /** Takes out the segment's first. */
  #leave(segment: Segment): Waiting['work'] {
    const queue = this.#bySegment.get(segment)
    const first = queue?.shift()
    if (first === undefined) return undefined
    if (queue?.count === 0) this.#bySegment.delete(segment)
    this.#cache.endWait(first.bytes)
    this.#count--
    const { work } = first
    first.work = undefined
    return work
  }
}
