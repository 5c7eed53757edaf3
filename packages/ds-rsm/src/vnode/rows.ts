import type { BrokerId, RequestId, TopicId, VNodeId } from '../ids.ts'
import type { RangesMode, TopicPolicy } from './policy.ts'

// The state of a vNode is rows and nothing else. A row is never changed, only replaced, so that whoever holds one holds
// a moment. Memory indexes them (state.ts); storage and snapshots hold their bytes (row-codec.ts).
//
//   vnode ─┬─ topic ── range ── segment     a topic's rows share its id as prefix of their keys
//          └─ request                       a bounded table, oldest first

/** The vNode itself. */
export interface VNodeRow {
  readonly id: VNodeId
  /** Hashes of topic names in [arcStart, arcEnd) are this vNode's. `arcEnd` is at most 2^32. */
  readonly arcStart: number
  readonly arcEnd: number
  /** Raised whenever the arc changes. */
  readonly epoch: number
  /** Milliseconds in which somebody led this vNode; never backwards. */
  readonly vnodeTime: number
  /** The counter of the next topic: everything below has been minted. */
  readonly nextTopic: number
  /** The place of the next remembered request. */
  readonly nextRequest: number
}

export interface TopicRow {
  readonly id: TopicId
  readonly name: string
  /** Wall time, for people; nothing is decided by it. */
  readonly createdAt: number
  readonly ranges: RangesMode
  readonly policy: TopicPolicy
  /** The number of the next range: everything below has been minted. */
  readonly nextRange: number
}

export interface RangeRow {
  readonly topic: TopicId
  readonly range: number
  /** Both inclusive. */
  readonly keyHashFirst: number
  readonly keyHashLast: number
}

export interface ReplicaSeat {
  readonly brokerId: BrokerId
  /** The broker's boot when it took the seat: another boot of it is fenced for this segment from birth (H35b). */
  readonly bootId: number
}

/** A seat, and whether that copy is known to hold the whole sealed segment. */
export interface Replica extends ReplicaSeat {
  readonly confirmed: boolean
}

/** In order: the first one leads for the whole active life of the segment (H33). */
export type ReplicaList = readonly Replica[]

export interface SegmentRow {
  readonly topic: TopicId
  readonly range: number
  readonly segment: number
  readonly state: 'active' | 'sealed'
  readonly startOffset: number
  /** Exclusive; null while active: nobody knows it before the seal. */
  readonly endOffset: number | null
  /** Of all batches, as sealed; 0 while active. */
  readonly bytes: number
  /** Wall times, for people. */
  readonly createdAt: number
  readonly sealedAt: number | null
  /** vNode times: what rolls and retention count in (P16). */
  readonly createdVNodeTime: number
  readonly sealedVNodeTime: number | null
  readonly replicas: ReplicaList
}

/** What a request that created something was answered, so that its repetition is answered the same. */
export interface RequestRow {
  readonly sequence: number
  readonly requestId: RequestId
  readonly name: string
  readonly topic: TopicId
}

/** The segments of a range from number `from` to below number `below`; not every number has been one. */
export interface SegmentSpan {
  readonly topic: TopicId
  readonly range: number
  readonly from: number
  readonly below: number
}

/** One change of the rows. What apply decides is a list of these; memory and storage take over the same list. */
export type RowWrite =
  | { readonly kind: 'vnode'; readonly row: VNodeRow }
  | { readonly kind: 'topic'; readonly row: TopicRow }
  | { readonly kind: 'range'; readonly row: RangeRow }
  | { readonly kind: 'segment'; readonly row: SegmentRow }
  | { readonly kind: 'request'; readonly row: RequestRow }
  /** The topic with its ranges and segments; `segments` says which, a span for each range. */
  | { readonly kind: 'topicGone'; readonly topic: TopicId; readonly segments: readonly SegmentSpan[] }
  | ({ readonly kind: 'segmentsGone' } & SegmentSpan)
  /** The active segment ended empty: `row` takes its place and number `replaced` is gone. */
  | { readonly kind: 'segmentReplaced'; readonly row: SegmentRow; readonly replaced: number }
  | { readonly kind: 'requestGone'; readonly row: RequestRow }

/** What is no longer there after these changes: a store may hold some of it still. */
export function removedSegments(writes: readonly RowWrite[]): SegmentSpan[] {
  return writes.flatMap((write): readonly SegmentSpan[] => {
    switch (write.kind) {
      case 'topicGone':
        return write.segments
      case 'segmentsGone': {
        const { topic, range, from, below } = write
        return [{ topic, range, from, below }]
      }
      case 'segmentReplaced': {
        const { topic, range } = write.row
        return [{ topic, range, from: write.replaced, below: write.replaced + 1 }]
      }
      default:
        return []
    }
  })
}
