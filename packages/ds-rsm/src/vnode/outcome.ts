import type { TopicId } from '../ids.ts'
import type { PolicyProblem } from './policy.ts'

/** What applying a command did. */
export type AppliedResult =
  | { readonly kind: 'topicCreated'; readonly topic: TopicId }
  | { readonly kind: 'topicAltered'; readonly topic: TopicId }
  | { readonly kind: 'topicDeleted'; readonly topic: TopicId }
  /** `end` and the number of the segment that goes on there. */
  | { readonly kind: 'segmentRolled'; readonly end: number; readonly successor: number }
  | { readonly kind: 'rangeTrimmed'; readonly removedSegments: number; readonly startOffset: number }
  | { readonly kind: 'timeAdvanced'; readonly vnodeTime: number }

/** Why a command changed nothing. */
export type Refusal =
  | { readonly kind: 'wrongEpoch'; readonly epoch: number; readonly current: number }
  /** The name hashes outside the vNode's arc, or the id was minted by another vNode. */
  | { readonly kind: 'notMine'; readonly what: string }
  | { readonly kind: 'topicExists'; readonly name: string; readonly topic: TopicId }
  | { readonly kind: 'topicUnknown'; readonly topic: TopicId }
  | { readonly kind: 'nameInvalid'; readonly name: string; readonly problem: string }
  | { readonly kind: 'policyInvalid'; readonly problem: PolicyProblem }
  | { readonly kind: 'rangesInvalid'; readonly count: number }
  | { readonly kind: 'replicasInvalid'; readonly problem: string }
  /** The request id has created something else before. */
  | { readonly kind: 'requestIdReused'; readonly name: string }
  | { readonly kind: 'rangeUnknown'; readonly topic: TopicId; readonly range: number }
  /** `active` is the number of the range's active segment. */
  | { readonly kind: 'segmentNotActive'; readonly segment: number; readonly active: number }
  /** The segment has been sealed, at another end. */
  | { readonly kind: 'endDiffers'; readonly segment: number; readonly end: number; readonly sealedAt: number }
  | { readonly kind: 'endInvalid'; readonly end: number; readonly startOffset: number; readonly bytes: number }
  /** A trim may not reach the active segment. */
  | { readonly kind: 'trimInvalid'; readonly below: number; readonly active: number }
  | { readonly kind: 'numbersExhausted'; readonly what: 'topics' | 'segments' }

export type CommandResult =
  | { readonly kind: 'applied' | 'repeated'; readonly result: AppliedResult }
  | { readonly kind: 'refused'; readonly reason: Refusal }
