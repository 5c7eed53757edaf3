import type { Offset, SegmentId } from '@eastguard/segment-store'

/** What a reader of a range can meet. "Not here", "not loaded", "damaged" and "end" are four different answers. */
export type RangeRead =
  | {
      readonly kind: 'records'
      readonly segment: SegmentId
      /** Whole stamped batches; the first may begin before the asked offset. Immutable, may be retained. */
      readonly parts: readonly Uint8Array[]
      readonly endOffset: Offset
    }
  /** Everything that is committed has been read: wait for the next commit. */
  | { readonly kind: 'end' }
  /** Retention or a trim has taken what was asked for. */
  | { readonly kind: 'trimmed'; readonly startOffset: Offset }
  | { readonly kind: 'damaged'; readonly place: string }
  | { readonly kind: 'notLoaded'; readonly reason: string }
  | { readonly kind: 'deleted' }

/** Reads one range across its segments. */
export interface RangeReader {
  readonly committedEnd: Offset
  read(from: Offset, bytesMax: number): Promise<RangeRead>
  /** Calls back when `read` may have a new answer. */
  onCommit(listener: () => void): Disposable
}
