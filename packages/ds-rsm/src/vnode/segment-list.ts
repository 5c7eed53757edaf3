import { invariant } from '@eastguard/kernel'
import { formatSegmentId, type SegmentId } from '../ids.ts'
import type { SegmentRow } from './rows.ts'

/**
 * The segments of one range, ascending by number and by offset; the last one is active, all before it are sealed.
 *
 * ```
 *   rows   [ · · · 4 5 7 8 9* ]     numbers have gaps where a segment ended empty, offsets have none
 *                  ▲ head           trimmed places are dropped when they are half of the array
 * ```
 */
export class SegmentList {
  #rows: (SegmentRow | undefined)[] = []
  #head = 0
  #sealedBytes = 0
  // Asked for again and again while nothing happens; made once.
  #activeId: SegmentId | undefined
  #lastSealedId: SegmentId | undefined

  get count(): number {
    return this.#rows.length - this.#head
  }

  /** Of all sealed segments. */
  get sealedBytes(): number {
    return this.#sealedBytes
  }

  /** @param index from 0, the oldest, below `count` */
  at(index: number): SegmentRow {
    const row = this.#rows[this.#head + index]
    if (row !== undefined) return row // no facts are made for a call that is right
    invariant(false, 'a segment index is inside its list', { index, count: this.count })
  }

  get first(): SegmentRow {
    return this.at(0)
  }

  get active(): SegmentRow {
    return this.at(this.count - 1)
  }

  get activeId(): SegmentId {
    this.#activeId ??= formatSegmentId(this.active)
    return this.#activeId
  }

  /** Of the segment before the active one. */
  get lastSealedId(): SegmentId | undefined {
    if (this.count < 2) return undefined
    this.#lastSealedId ??= formatSegmentId(this.at(this.count - 2))
    return this.#lastSealedId
  }

  /** Appends the next segment. */
  push(row: SegmentRow): void {
    this.#rows.push(row)
    this.#forgetIds()
    this.#sealedBytes += row.bytes
  }

  /** Replaces the active segment: by itself, sealed, or by its successor when it ended empty. */
  replaceActive(row: SegmentRow): void {
    const active = this.active
    this.#rows[this.#rows.length - 1] = row
    this.#forgetIds()
    this.#sealedBytes += row.bytes - active.bytes
  }

  /** Drops the oldest `count` segments. */
  dropFirst(count: number): void {
    invariant(count < this.count, 'the active segment is never dropped', { count })
    for (let i = 0; i < count; i++) {
      this.#sealedBytes -= this.first.bytes
      this.#rows[this.#head] = undefined
      this.#head++
    }
    if (this.#head * 2 > this.#rows.length) {
      this.#rows = this.#rows.slice(this.#head)
      this.#head = 0
    }
  }

  /** How many segments have a number below `segment`: the index of the first one at or above it. */
  countBelow(segment: number): number {
    return this.#search((row) => row.segment < segment)
  }

  find(segment: number): SegmentRow | undefined {
    const index = this.countBelow(segment)
    if (index === this.count) return undefined
    const row = this.at(index)
    return row.segment === segment ? row : undefined
  }

  /** The segment that holds `offset`, the active one for whatever lies beyond; undefined below the first. */
  findOffset(offset: number): SegmentRow | undefined {
    const index = this.#search((row) => row.startOffset <= offset)
    return index === 0 ? undefined : this.at(index - 1)
  }

  #forgetIds(): void {
    this.#activeId = undefined
    this.#lastSealedId = undefined
  }

  /** How many rows, from the oldest, satisfy `before`, which holds for a prefix. */
  #search(before: (row: SegmentRow) => boolean): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (before(this.at(middle))) low = middle + 1
      else high = middle
    }
    return low
  }
}
