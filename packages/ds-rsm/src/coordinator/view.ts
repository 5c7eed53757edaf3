import type { SegmentId } from '../ids.ts'
import type { ReplicaSeat } from '../vnode/rows.ts'
import type { VNodeState } from '../vnode/state.ts'

// What the coordinator looks at. All of it is data: the host gathers it, the core judges it.

/** What this broker's segment store says about one segment; the store's own status fits. */
export interface SegmentReport {
  readonly id: SegmentId
  readonly state: 'open' | 'fenced' | 'sealed' | 'damaged'
  /** Of all batches that are durable here. */
  readonly bytes: number
}

/** The store, as far as the coordinator reads it. */
export interface SegmentReports {
  status(id: SegmentId): SegmentReport | undefined
}

/** Where on a disk something was found wrong. */
export interface DamagePlace {
  readonly file: string
  readonly position: number
  readonly reason: string
}

/** How a replica answered its fence; see the seal protocol in data-plane.md. */
export type FenceAnswer =
  | { readonly kind: 'end'; readonly offset: number }
  | { readonly kind: 'suspect'; readonly place: DamagePlace }
  | { readonly kind: 'noTrace' }

/** One vNode and the world around it, at one moment. */
export interface CoordinatorView {
  readonly state: VNodeState
  /** The vNode's present time (`Proposer.vnodeTime`): what ages count in. */
  readonly vnodeTime: number
  /** For people. */
  readonly wallTime: number
  /** This broker, at its present boot. */
  readonly self: ReplicaSeat
  /** Brokers that may take new segments, the preferred one first, each at its present boot. */
  readonly members: readonly ReplicaSeat[]
  /** 32 hex digits; goes into every prelude. */
  readonly clusterId: string
  readonly reports: SegmentReports
  /** Answers to fences that have been asked for and not been used yet. */
  readonly fences: ReadonlyMap<SegmentId, FenceAnswer>
}
