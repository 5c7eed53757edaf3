import { type Deferred, deferred } from '@eastguard/kernel'
import type { Place, SegmentStatus } from '../answers.ts'
import type { SegmentTrailer } from '../format/segment-trailer.ts'
import { Lane } from '../lane.ts'
import { type SegmentId, segmentIdBytes } from '../segment-id.ts'
import { BatchRun, type HeldBatch } from './batch-run.ts'
import type { BatchTally } from './batch-tally.ts'
import type { LiveState } from './segment-core.ts'
import type { FileHead, SegmentFile } from './segment-file.ts'

export interface SegmentStart {
  readonly id: SegmentId
  readonly head: FileHead
  readonly state: LiveState
  readonly restarted: boolean
  readonly file: SegmentFile
  readonly tally: BatchTally
}

/**
 * One segment as the store holds it. Data that several drivers look at; its rules are in `segment-core`.
 *
 * ```
 *   startOffset … commit … durableEnd … nextOffset      flushedEnd anywhere up to durableEnd
 * ```
 */
export class Segment {
  readonly id: SegmentId
  readonly idBytes: Uint8Array
  readonly head: FileHead
  readonly restarted: boolean
  readonly file: SegmentFile
  readonly run: BatchRun = new BatchRun()
  /** Flush, truncate, seal and forget, one at a time. */
  readonly lane: Lane = new Lane()
  /** Of what is in the file; batches of a flush under way included. */
  readonly tally: BatchTally
  state: LiveState
  /** Instead of the tally's index, once sealed: read from the file when it is wanted. */
  trailer: SegmentTrailer | undefined
  bodyPosition: number
  damage: Place | undefined

  /** Offset of the next append. */
  nextOffset: number
  durableEnd: number
  commit: number
  flushedEnd: number
  /** Position in the file behind what is flushed. */
  flushedPosition: number

  durableBytes: number
  firstAppendTime: number
  lastAppendTime: number
  maxTimestamp: number

  /** Journal position of the prelude, while there is no file. */
  preludeAt: number | undefined
  /** Journal position of a seal, truncate or forget that is not finished. */
  pinnedAt: number | undefined
  /** Journal position of the newest frame that stands for what no file says: the commit, or that it is suspect. */
  carriedAt: number | undefined
  /** Its prelude is in the journal, or in the file. */
  preludeJournalled: boolean
  /** A truncate, seal or forget waits or is under way. */
  changing = 0
  /** To be forgotten: flushing it is no longer wanted. */
  leaving = false
  /** Grows whenever bytes that a reader may be reading go away. */
  cutCount = 0
  /** A flush waits in the lane: it is done if so many bytes are unflushed when its turn comes. */
  flushAsked: number | undefined
  /** Durable and not in the file. */
  unflushedBytes = 0

  #inFlight = 0
  #drained: Deferred<void> | undefined

  constructor(start: SegmentStart) {
    const { tally } = start
    this.id = start.id
    this.idBytes = segmentIdBytes(start.id)
    this.head = start.head
    this.state = start.state
    this.restarted = start.restarted
    this.file = start.file
    this.tally = tally
    this.bodyPosition = tally.bodyPosition
    this.nextOffset = tally.endOffset
    this.durableEnd = tally.endOffset
    this.flushedEnd = tally.endOffset
    this.flushedPosition = tally.endPosition
    this.commit = tally.startOffset
    this.durableBytes = tally.batchBytes
    this.firstAppendTime = tally.firstAppendTime
    this.lastAppendTime = tally.lastAppendTime
    this.maxTimestamp = tally.maxTimestamp
    this.preludeJournalled = start.file.exists
  }

  get startOffset(): number {
    return this.head.startOffset
  }

  /** Everything below may be read. */
  get readableEnd(): number {
    return this.state === 'sealed' ? this.durableEnd : Math.min(this.commit, this.durableEnd)
  }

  /** The oldest journal position that it needs (H51). */
  get needsFrom(): number | undefined {
    const flush = this.run.firstUnflushed?.journalPosition
    const needs = [flush, this.preludeAt, this.pinnedAt].filter((need) => need !== undefined)
    return needs.length === 0 ? undefined : Math.min(...needs)
  }

  beginWrite(): void {
    this.#inFlight++
  }

  endWrite(): void {
    this.#inFlight--
    if (this.#inFlight > 0) return
    this.#drained?.resolve()
    this.#drained = undefined
  }

  /** Resolves when no append is on its way to the journal. */
  drained(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve()
    this.#drained ??= deferred()
    return this.#drained.promise
  }

  /** One batch more is durable. */
  extend(batch: HeldBatch, appendTime: number): void {
    if (this.durableEnd === this.startOffset) this.firstAppendTime = appendTime
    this.durableEnd = batch.endOffset
    this.durableBytes += batch.bytes.length
    this.unflushedBytes += batch.bytes.length
    this.maxTimestamp = Math.max(this.maxTimestamp, batch.maxTimestamp)
  }

  /** A read found that the file does not hold at `position` what was written there. The first such place is kept. */
  foundDamage(position: number, reason: string): Place {
    const place = { file: this.file.path, position, reason }
    this.damage ??= place
    return place
  }

  /** Back to what the file holds: after a cut. */
  resetToTally(): void {
    const { tally } = this
    this.nextOffset = this.durableEnd = this.flushedEnd = tally.endOffset
    this.flushedPosition = tally.endPosition
    this.commit = Math.min(this.commit, tally.endOffset)
    this.unflushedBytes = 0
    this.durableBytes = tally.batchBytes
    this.firstAppendTime = tally.firstAppendTime
    this.lastAppendTime = tally.lastAppendTime
    this.maxTimestamp = tally.maxTimestamp
    this.cutCount++
  }

  /** From now on the trailer speaks for it. */
  sealedBy(trailer: SegmentTrailer): void {
    this.state = 'sealed'
    this.trailer = trailer
    this.tally.dropIndex()
    this.commit = this.nextOffset = this.durableEnd = this.flushedEnd = trailer.endOffset
    this.flushedPosition = this.bodyPosition + trailer.batchBytes
    this.durableBytes = trailer.batchBytes
    this.firstAppendTime = trailer.firstAppendTime
    this.lastAppendTime = trailer.lastAppendTime
    this.maxTimestamp = trailer.maxTimestamp
    this.carriedAt = undefined
  }

  status(): SegmentStatus {
    return {
      id: this.id,
      state: this.state,
      restarted: this.restarted,
      startOffset: this.startOffset,
      endOffset: this.durableEnd,
      commitOffset: Math.min(this.commit, this.durableEnd),
      bytes: this.durableBytes,
      recordCount: this.durableEnd - this.startOffset,
      firstAppendTime: this.firstAppendTime,
      lastAppendTime: this.durableEnd === this.startOffset ? 0 : this.lastAppendTime,
      maxTimestamp: this.maxTimestamp,
      damage: this.damage,
    }
  }
}
