import { invariant } from './invariant.ts'

/**
 * First in, first out, never more than its maximum: a full queue says so, and the caller decides.
 *
 * ```
 *        head              head + count
 *         ▼                     ▼
 *   [ . . a b c d e f g h i j k . . . ]   a ring that doubles up to the maximum
 * ```
 */
export class BoundedQueue<Item> {
  readonly #countMax: number
  #ring: (Item | undefined)[] = new Array(8)
  #head = 0
  #count = 0

  constructor(countMax: number) {
    invariant(Number.isSafeInteger(countMax) && countMax > 0, 'a queue has a maximum above 0', { countMax })
    this.#countMax = countMax
  }

  get count(): number {
    return this.#count
  }

  /** @returns false when the queue is full: nothing was added */
  push(item: Item): boolean {
    if (this.#count === this.#countMax) return false
    if (this.#count === this.#ring.length) this.#grow()
    this.#ring[(this.#head + this.#count) % this.#ring.length] = item
    this.#count++
    return true
  }

  peek(): Item | undefined {
    return this.#count === 0 ? undefined : this.#ring[this.#head]
  }

  shift(): Item | undefined {
    if (this.#count === 0) return undefined
    const item = this.#ring[this.#head]
    this.#ring[this.#head] = undefined
    this.#head = (this.#head + 1) % this.#ring.length
    this.#count--
    return item
  }

  #grow(): void {
    const grown: (Item | undefined)[] = new Array(this.#ring.length * 2)
    for (let i = 0; i < this.#count; i++) grown[i] = this.#ring[(this.#head + i) % this.#ring.length]
    this.#ring = grown
    this.#head = 0
  }
}
