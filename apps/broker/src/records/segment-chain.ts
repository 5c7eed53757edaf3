import type { RangeEntry } from '@eastguard/ds-rsm'

/** One segment of a range; it ends where the next one starts. */
export interface ChainLink {
  /** Its number in the range. */
  readonly segment: number
  readonly startOffset: number
}

/**
 * The segments of one range in order, the last one active: what a reader needs to find its way, without waiting for a
 * metadata commit that is under way somewhere else.
 */
export class SegmentChain {
  #links: ChainLink[] = []

  constructor(entry: RangeEntry) {
    this.follow(entry)
  }

  /** Takes over what has changed: old ones trimmed, new ones opened, an empty one replaced. Costs no more than that. */
  follow({ segments }: RangeEntry): void {
    const links = this.#links
    const trimmed = links.findIndex(({ segment }) => segment >= segments.first.segment)
    links.splice(0, trimmed < 0 ? links.length : trimmed)
    while (links.length > 0 && segments.find(this.active.segment) === undefined) links.pop()
    const from = links.length === 0 ? 0 : segments.countBelow(this.active.segment + 1)
    for (let index = from; index < segments.count; index++) {
      const { segment, startOffset } = segments.at(index)
      links.push({ segment, startOffset })
    }
  }

  /** Of the oldest record kept. */
  get startOffset(): number {
    return (this.#links[0] as ChainLink).startOffset // a range always has its active segment
  }

  get active(): ChainLink {
    return this.#links.at(-1) as ChainLink // a range always has its active segment
  }

  /** The segment that holds `offset`, the active one for whatever lies beyond; undefined below the first. */
  find(offset: number): { readonly link: ChainLink; readonly end: number | undefined } | undefined {
    let low = 0
    let high = this.#links.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#links[middle] as ChainLink).startOffset <= offset) low = middle + 1
      else high = middle
    }
    const link = this.#links[low - 1]
    return link === undefined ? undefined : { link, end: this.#links[low]?.startOffset }
  }

  /** Oldest first. */
  [Symbol.iterator](): Iterator<ChainLink> {
    return this.#links[Symbol.iterator]()
  }
}
