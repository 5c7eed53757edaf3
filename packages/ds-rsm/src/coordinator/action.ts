import type { SegmentId, TopicId } from '../ids.ts'
import type { RollSegment, TrimRange } from '../vnode/command.ts'
import type { DamagePlace } from './view.ts'

/** Something that this broker's segment store should do. */
export type StoreRequest =
  | { readonly kind: 'fence'; readonly segment: SegmentId }
  | { readonly kind: 'seal'; readonly segment: SegmentId; readonly end: number }
  | { readonly kind: 'forget'; readonly segment: SegmentId }
  | { readonly kind: 'create'; readonly segment: SegmentId; readonly startOffset: number; readonly prelude: Uint8Array }

/** `key` is the same whenever the same thing is wanted again: two with one key are never under way at once. */
export type Action =
  | { readonly kind: 'command'; readonly key: string; readonly command: RollSegment | TrimRange }
  | { readonly kind: 'request'; readonly key: string; readonly request: StoreRequest }

/** What keeps a range waiting; `key` is the range. */
export type RangeProblem =
  /** Bytes that may be acknowledged records cannot be read: the range takes no appends. */
  | { readonly kind: 'suspect'; readonly key: string; readonly segment: SegmentId; readonly place: DamagePlace }
  /** Fewer eligible brokers than `minReplicas`. */
  | {
      readonly kind: 'noPlacement'
      readonly key: string
      readonly topic: TopicId
      readonly range: number
      readonly wanted: number
      readonly available: number
      /** The active segment takes no appends meanwhile; otherwise it only grows on. */
      readonly blocks: boolean
    }

/** Something that only time or people can change. `key` names the place: no problem there, no entry. */
export type Problem =
  | RangeProblem
  /** A file of a segment that was never created: metadata went backwards. The file is kept (P17). */
  | { readonly kind: 'notMinted'; readonly key: string; readonly segment: SegmentId }

/** Filled by looks. */
export interface Findings {
  readonly actions: Action[]
  readonly problems: Problem[]
}

export function request(wanted: StoreRequest): Action {
  return { kind: 'request', key: `${wanted.kind}:${wanted.segment}`, request: wanted }
}

export function command(wanted: RollSegment | TrimRange): Action {
  return { kind: 'command', key: `${wanted.kind}:${wanted.topic}-${wanted.range}`, command: wanted }
}
