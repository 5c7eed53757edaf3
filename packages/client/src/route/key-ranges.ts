export interface KeyInterval {
  readonly range: number
  /** Inclusive on both sides: 2^32 does not fit. */
  readonly keyHashFirst: number
  readonly keyHashLast: number
}

/** The active ranges of a topic by key hash: together they tile all hashes, without overlap. */
export class KeyRanges {
  readonly #firsts: Uint32Array
  /** Range numbers, ordered by hash. */
  readonly ranges: readonly number[]

  private constructor(ordered: readonly KeyInterval[]) {
    this.#firsts = Uint32Array.from(ordered, (interval) => interval.keyHashFirst)
    this.ranges = ordered.map((interval) => interval.range)
  }

  /** @returns undefined where the intervals leave a gap or overlap: a route that was taken in the middle of a change */
  static tile(intervals: Iterable<KeyInterval>): KeyRanges | undefined {
    const ordered = [...intervals].toSorted((a, b) => a.keyHashFirst - b.keyHashFirst)
    let next = 0
    for (const { keyHashFirst, keyHashLast } of ordered) {
      if (keyHashFirst !== next || keyHashLast < keyHashFirst) return undefined
      next = keyHashLast + 1
    }
    return next === 2 ** 32 ? new KeyRanges(ordered) : undefined
  }

  /** @param hash an unsigned 32-bit number */
  rangeOf(hash: number): number {
    let low = 0
    let high = this.#firsts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      // Indexes stay between 0 and length - 1, here and below.
      if ((this.#firsts[middle] as number) <= hash) low = middle
      else high = middle - 1
    }
    return this.ranges[low] as number
  }

  equals(other: KeyRanges): boolean {
    if (this.ranges.length !== other.ranges.length) return false
    return this.ranges.every((range, i) => range === other.ranges[i] && this.#firsts[i] === other.#firsts[i])
  }
}
