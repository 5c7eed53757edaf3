import type { Offset, SegmentId } from './segment-id.ts'

// What the store answers: data, no behaviour.

/** Where on the disk something was found wrong: a file under the data directory, a byte in it, and what it is. */
export interface Place {
  readonly file: string
  readonly position: number
  readonly reason: string
}

export interface AppendResult {
  /** Of the batch's first record. */
  readonly baseOffset: Offset
  /** Behind the batch's last record. */
  readonly endOffset: Offset
  /** Milliseconds since 1970. */
  readonly appendTime: number
}

/**
 * - `end`: all below `offset` is here, durable and verified; nothing will be appended any more.
 * - `suspect`: the copy is damaged or may lack records: its end is not a number to count on.
 * - `noTrace`: the store has never heard of the segment.
 */
export type FenceAnswer =
  | { readonly kind: 'end'; readonly offset: Offset; readonly restarted: boolean }
  | { readonly kind: 'suspect'; readonly place: Place }
  | { readonly kind: 'noTrace' }

/** Five different answers (H58): nothing is ever said by an empty list. */
export type ReadAnswer =
  | {
      readonly kind: 'records'
      /** Whole stamped batches; the first may begin before the asked offset. Immutable; may be retained. */
      readonly parts: readonly Uint8Array[]
      readonly firstOffset: Offset
      readonly endOffset: Offset
    }
  /** Nothing readable at or above `offset` yet, or ever (`sealed`). */
  | { readonly kind: 'end'; readonly offset: Offset; readonly sealed: boolean }
  /** The segment, or this part of its range, is not in this store. */
  | { readonly kind: 'notHere' }
  /** The bytes are there and do not verify. */
  | { readonly kind: 'damaged'; readonly place: Place }
  /** Cannot be read just now; asking again may help. */
  | { readonly kind: 'notLoaded'; readonly reason: string }

/** `damaged`: nothing of it can be trusted to be all that it had (see `damage`). */
export type SegmentState = 'open' | 'fenced' | 'sealed' | 'damaged'

export interface SegmentStatus {
  readonly id: SegmentId
  readonly state: SegmentState
  /** It was unsealed when this store was opened. */
  readonly restarted: boolean
  readonly startOffset: Offset
  /** Durable here. */
  readonly endOffset: Offset
  readonly commitOffset: Offset
  /** Of its batches. */
  readonly bytes: number
  readonly recordCount: number
  /** 0 while it is empty. */
  readonly firstAppendTime: number
  /** 0 while it is empty. */
  readonly lastAppendTime: number
  /** Largest record timestamp, 0 while it is empty. */
  readonly maxTimestamp: number
  /** The first damage that was found; reads of what still verifies go on unless `state` is `damaged`. */
  readonly damage: Place | undefined
}

export type DiskState = 'ok' | 'warn' | 'noPlacement' | 'refuse'

export interface StoreStats {
  readonly segmentCount: number
  readonly openCount: number
  readonly fencedCount: number
  readonly sealedCount: number
  readonly damagedCount: number
  /** Syncs of journal files since the store was opened. */
  readonly syncCount: number
  /** Groups written to the journal since the store was opened. */
  readonly groupCount: number
  /** Syncs of segment files since the store was opened. */
  readonly flushCount: number
  /** Journal files that are in use, spares not counted. */
  readonly journalFiles: number
  /** In memory and also in a segment file. */
  readonly cachedBytes: number
  /** In memory and not yet in a segment file. */
  readonly unflushedBytes: number
  /** Appends that wait for room. */
  readonly waitingAppends: number
  /** `refuse`: an append would get EG_DISK_FULL now. */
  readonly disk: DiskState
}

/** What `open` found, also logged as one line. */
export interface RecoveryReport {
  readonly journalFiles: number
  readonly frames: number
  /** Batches that were only in the journal and have been written to segment files. */
  readonly replayedBatches: number
  readonly replayedBytes: number
  /** The end of the newest journal file was cut here: an unfinished group. */
  readonly tornTail: Place | undefined
  /** Rot in journal or segment files. */
  readonly damage: readonly Place[]
  readonly suspects: readonly { readonly id: SegmentId; readonly place: Place }[]
  readonly sealedSegments: number
  readonly fencedSegments: number
  readonly damagedSegments: number
  readonly durationMs: number
}
