import { crc32, invariant } from '@eastguard/kernel'
import { batchAppendTime, batchBaseOffset, batchMaxTimestamp, batchRecordCount } from '@eastguard/record'
import type { IndexEntry } from '../format/index-entry.ts'
import { findByOffset, takesIndexEntry } from './sparse-index.ts'

/** An index entry, and the tally as it was before its batch: cutting goes back to one of these. */
interface Mark extends IndexEntry {
  readonly batchCountBefore: number
  readonly checksumBefore: number
  readonly lastAppendTimeBefore: number
}

/**
 * What a segment file holds, counted batch by batch: everything that its trailer says, and its index.
 *
 * ```
 *   header, prelude │ batch │ batch │ … │ batch │
 *                   ▲ bodyPosition              ▲ endPosition
 *                     startOffset                 endOffset
 * ```
 */
export class BatchTally {
  readonly startOffset: number
  readonly bodyPosition: number
  readonly #marks: Mark[] = []
  endOffset: number
  endPosition: number
  batchCount = 0
  batchesChecksum = 0
  maxTimestamp = 0
  firstAppendTime = 0
  lastAppendTime = 0

  constructor(startOffset: number, bodyPosition: number) {
    this.startOffset = startOffset
    this.bodyPosition = bodyPosition
    this.endOffset = startOffset
    this.endPosition = bodyPosition
  }

  get index(): readonly IndexEntry[] {
    return this.#marks
  }

  get batchBytes(): number {
    return this.endPosition - this.bodyPosition
  }

  /** @param batch stamped, of this segment, the next one; borrowed */
  add(batch: Uint8Array): void {
    const offset = batchBaseOffset(batch)
    invariant(offset === this.endOffset, 'batches of a segment are continuous', { offset, end: this.endOffset })
    if (takesIndexEntry(this.#marks.at(-1)?.position, this.endPosition)) {
      this.#marks.push({
        offset,
        position: this.endPosition,
        maxTimestampBefore: this.maxTimestamp,
        batchCountBefore: this.batchCount,
        checksumBefore: this.batchesChecksum,
        lastAppendTimeBefore: this.lastAppendTime,
      })
    }
    this.lastAppendTime = batchAppendTime(batch)
    if (this.batchCount === 0) this.firstAppendTime = this.lastAppendTime
    this.batchCount++
    this.batchesChecksum = crc32(batch.subarray(24, 32), this.batchesChecksum)
    this.maxTimestamp = Math.max(this.maxTimestamp, batchMaxTimestamp(batch))
    this.endOffset = offset + batchRecordCount(batch)
    this.endPosition += batch.length
  }

  /** Goes back to the last index entry at or below `offset`; the batches from there on must be added again. */
  rewind(offset: number): void {
    const mark = this.#marks[findByOffset(this.#marks, offset)]
    if (mark === undefined) return this.#clear()
    this.#marks.length = this.#marks.indexOf(mark)
    this.endOffset = mark.offset
    this.endPosition = mark.position
    this.batchCount = mark.batchCountBefore
    this.batchesChecksum = mark.checksumBefore
    this.maxTimestamp = mark.maxTimestampBefore
    this.lastAppendTime = mark.lastAppendTimeBefore
    if (this.batchCount === 0) this.firstAppendTime = 0
  }

  /** A trailer speaks for it from now on: nothing is added or rewound any more. */
  dropIndex(): void {
    this.#marks.length = 0
  }

  #clear(): void {
    this.#marks.length = 0
    this.endOffset = this.startOffset
    this.endPosition = this.bodyPosition
    this.batchCount = 0
    this.batchesChecksum = 0
    this.maxTimestamp = 0
    this.firstAppendTime = 0
    this.lastAppendTime = 0
  }
}
