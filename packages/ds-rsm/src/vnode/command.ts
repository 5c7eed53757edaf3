import type { BrokerId, RequestId, TopicId } from '../ids.ts'
import type { RangesMode, TopicPolicy } from './policy.ts'
import type { ReplicaSeat } from './rows.ts'

// Each command carries every input of its decision, so that applying looks at no clock, ring or setting (H25).
// `epoch` is the vNode epoch that the proposer believes in. Times: `vnodeTime` is absolute and applied as a maximum;
// `wallTime` is for people.

export interface CreateTopic {
  readonly kind: 'createTopic'
  readonly epoch: number
  readonly requestId: RequestId
  readonly name: string
  readonly ranges: RangesMode
  /** Complete: defaults have been chosen by the coordinator (`planCreateTopic`). */
  readonly policy: TopicPolicy
  /** One list for the first segment of each first range; the first seat leads. */
  readonly replicas: readonly (readonly ReplicaSeat[])[]
  readonly vnodeTime: number
  readonly wallTime: number
}

/** Changes the named fields and no other. */
export interface AlterTopic {
  readonly kind: 'alterTopic'
  readonly epoch: number
  readonly topic: TopicId
  readonly policy: Partial<TopicPolicy>
}

export interface DeleteTopic {
  readonly kind: 'deleteTopic'
  readonly epoch: number
  readonly topic: TopicId
}

/** Seals `segment` at exactly `end` and opens its successor there. One that ends empty leaves nothing but its number. */
export interface RollSegment {
  readonly kind: 'rollSegment'
  readonly epoch: number
  readonly topic: TopicId
  readonly range: number
  readonly segment: number
  /** Exclusive. */
  readonly end: number
  readonly bytes: number
  /** Replicas that are known to hold everything below `end`. */
  readonly confirmed: readonly BrokerId[]
  readonly successor: readonly ReplicaSeat[]
  readonly vnodeTime: number
  readonly wallTime: number
}

/** Drops the sealed segments whose number is below `below`: always an oldest-first prefix. */
export interface TrimRange {
  readonly kind: 'trimRange'
  readonly epoch: number
  readonly topic: TopicId
  readonly range: number
  readonly below: number
}

export interface AdvanceTime {
  readonly kind: 'advanceTime'
  readonly vnodeTime: number
}

export type Command = CreateTopic | AlterTopic | DeleteTopic | RollSegment | TrimRange | AdvanceTime
