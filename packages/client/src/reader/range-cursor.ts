import { type EastGuardError, isEastGuardError } from '@eastguard/kernel'
import { codedError, type Records } from '@eastguard/protocol'
import { batchBaseOffset, batchRecordCount, isStampValid, peekBatchLength } from '@eastguard/record'

// Where a reader is in one range, and whether what comes is what must come next. Pure.

export interface CursorStart {
  readonly topic: string
  /** 16 hex digits. */
  readonly topicId: string
  readonly range: number
  /** Offset of the first record wanted. */
  readonly next: number
  /** Whether records before it that retention removed are a loss to report, or simply not asked for. */
  readonly countsSkipped: boolean
  /** End-exclusive; undefined follows the tail. */
  readonly end: number | undefined
}

/** A batch of which records from `next` on are wanted. */
export interface ArrivedBatch {
  readonly bytes: Uint8Array
  readonly segment: string
  /** Offset of the first record wanted in it. */
  readonly from: number
  /** Offset behind the last record wanted in it. */
  readonly to: number
}

export class RangeCursor {
  readonly #start: CursorStart
  #next: number
  #end: number | undefined
  #skippedCount = 0

  constructor(start: CursorStart) {
    this.#start = start
    this.#next = start.next
    this.#end = start.end
  }

  /** Offset of the next record to come. */
  get next(): number {
    return this.#next
  }

  /** Records that retention removed before this reader came to them. */
  get skippedCount(): number {
    return this.#skippedCount
  }

  get isAtEnd(): boolean {
    return this.#end !== undefined && this.#next >= this.#end
  }

  /** Nothing beyond this offset is wanted. */
  endAt(offset: number): void {
    this.#end = Math.min(offset, this.#end ?? offset)
  }

  /** The broker starts here: above what was asked for when retention has removed that. */
  opened(startOffset: number): void {
    if (startOffset <= this.#next) return
    if (this.#start.countsSkipped || this.#next > this.#start.next) this.#skippedCount += startOffset - this.#next
    this.#next = startOffset
  }

  /**
   * Proves stamps and order of a frame's batches; their contents are proved when they are opened.
   * @param records its parts are retained
   * @throws EG_DAMAGED (give-up); batches before the damage are in `arrived` all the same
   */
  take(records: Records, arrived: ArrivedBatch[]): void {
    const segment = this.#segmentOf(records.segmentId)
    for (const part of records.parts) {
      for (let at = 0; at < part.length && !this.isAtEnd; ) {
        const length = this.#lengthAt(part, at, segment)
        this.#takeBatch(part.subarray(at, at + length), records.segmentId, segment, arrived)
        at += length
      }
    }
  }

  #takeBatch(bytes: Uint8Array, segmentId: Uint8Array, segment: string, arrived: ArrivedBatch[]): void {
    if (!isStampValid(bytes, segmentId)) throw this.damaged('the stamp of a batch fails its checksum', segment)
    const base = batchBaseOffset(bytes)
    const end = base + batchRecordCount(bytes)
    if (!continues(base, this.#next)) throw this.damaged(`records are missing: a batch starts at ${base}`, segment)
    if (end <= this.#next) return // wholly before what was asked for
    const to = Math.min(end, this.#end ?? end)
    arrived.push({ bytes, segment, from: this.#next, to })
    this.#next = to
  }

  /** The segment's name, when it is one of this range. */
  #segmentOf(id: Uint8Array): string {
    const view = new DataView(id.buffer, id.byteOffset, id.byteLength)
    const topicId = hex32(view.getUint32(0, true)) + hex32(view.getUint32(4, true))
    const range = view.getUint32(8, true)
    const segment = `${topicId}-${range}-${view.getUint32(12, true)}`
    const { topicId: wantedTopic, range: wantedRange } = this.#start
    if (topicId !== wantedTopic || range !== wantedRange) throw this.damaged('records of another range', segment)
    return segment
  }

  #lengthAt(part: Uint8Array, at: number, segment: string): number {
    try {
      const length = peekBatchLength(part, at)
      if (at + length <= part.length) return length
    } catch (error) {
      if (!isEastGuardError(error)) throw error
    }
    throw this.damaged('a batch does not fit its frame', segment)
  }

  /** What a reader reports instead of going on: never skipped, never taken for the end (P11). */
  damaged(what: string, segment: string): EastGuardError {
    const { topic, range } = this.#start
    const message = `topic ${topic}, range ${range}, offset ${this.#next}, segment ${segment}: ${what}`
    return codedError('EG_DAMAGED', message, { topic, range, offset: this.#next, segment })
  }
}

/** P4: the next batch begins at or before the next record; what lies before it is skipped, nothing is left out. */
function continues(baseOffset: number, next: number): boolean {
  return baseOffset <= next
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, '0')
}
