import { codedError, type RangesMode, type TopicPolicyChange } from '@eastguard/protocol'
import { type Duration, parseDuration } from '../duration.ts'

/** What a topic wants of its segments. `none` says explicitly that there is no bound; missing leaves it as it is. */
export interface TopicPolicyOptions {
  /** Copies of each segment. */
  readonly replicas?: number | undefined
  /** Copies without which nothing is written. */
  readonly minReplicas?: number | undefined
  /** Records go this long after their segment was sealed. */
  readonly retention?: Duration | 'none' | undefined
  /** Of each range, the oldest segments go while it holds more. */
  readonly retentionBytes?: number | 'none' | undefined
  /** A segment ends at this size. */
  readonly segmentBytes?: number | undefined
  /** A segment with data ends at this age. */
  readonly segmentAge?: Duration | 'none' | undefined
}

export interface CreateTopicOptions extends TopicPolicyOptions {
  /** `auto` (the default), or a power of two up to 4,096. */
  readonly ranges?: 'auto' | number | undefined
}

/** @throws EG_INVALID_ARGUMENT (fix-call) */
export function policyChange(options: TopicPolicyOptions): TopicPolicyChange {
  const { replicas, minReplicas, retentionBytes, segmentBytes } = options
  return {
    replicas,
    minReplicas,
    retentionMs: durationOrNone(options.retention, 'retention'),
    retentionBytes: retentionBytes === 'none' ? null : positive(retentionBytes, 'retentionBytes'),
    segmentBytes,
    segmentAgeMs: durationOrNone(options.segmentAge, 'segmentAge'),
  }
}

export function rangesMode(ranges: 'auto' | number | undefined): RangesMode {
  return ranges === undefined || ranges === 'auto' ? { kind: 'auto' } : { kind: 'fixed', count: ranges }
}

function durationOrNone(value: Duration | 'none' | undefined, what: string): number | null | undefined {
  if (value === undefined) return undefined
  return value === 'none' ? null : positive(parseDuration(value, what), what)
}

/** H60: 0 is never taken for "none". */
function positive(value: number | undefined, what: string): number | undefined {
  if (value !== 0) return value
  throw codedError('EG_INVALID_ARGUMENT', `${what} is 0; say none where there is no bound`, { what })
}
