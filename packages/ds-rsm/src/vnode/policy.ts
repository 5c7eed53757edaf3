// What a topic asks for. Every field of a stored policy is explicit; `null` means "explicitly none" (H60): a
// retention of 0 would expire everything at its seal and is refused.

export interface TopicPolicy {
  /** Copies of each segment, 1 to 9. Price of more: disk, and the slowest copy sets the pace. */
  readonly replicas: number
  /** A segment opens with no fewer copies than this; 1 to `replicas`. Price of more: the range waits more often. */
  readonly minReplicas: number
  /** Milliseconds in vNode time since a segment's seal after which it is trimmed; null: kept for ever. */
  readonly retentionMs: number | null
  /** Bytes of a range above which its oldest sealed segments are trimmed; null: no limit. */
  readonly retentionBytes: number | null
  /** A segment of this size is rolled. Price of less: more segments; of more: coarser retention. */
  readonly segmentBytes: number
  /** Milliseconds in vNode time after which a segment that holds data is rolled; null: only by size. */
  readonly segmentAgeMs: number | null
}

/** `auto`: one range that is split and merged by load. `fixed`: `count` equal ranges, a power of two, for ever. */
export type RangesMode = { readonly kind: 'auto' } | { readonly kind: 'fixed'; readonly count: number }

const centuryMs = 100 * 365 * 24 * 3_600_000

export const policyBounds: {
  readonly replicas: Bounds
  readonly retentionMs: Bounds
  readonly retentionBytes: Bounds
  readonly segmentBytes: Bounds
  readonly segmentAgeMs: Bounds
} = {
  replicas: { min: 1, max: 9 },
  retentionMs: { min: 1, max: centuryMs },
  retentionBytes: { min: 1, max: Number.MAX_SAFE_INTEGER },
  segmentBytes: { min: 4_096, max: 2 ** 40 },
  segmentAgeMs: { min: 1_000, max: centuryMs },
}
export type Bounds = { readonly min: number; readonly max: number }

export const fixedRangeCountMax = 4_096

const topicNamePattern = /^[A-Za-z0-9._-]{1,200}$/

/** @returns why `name` cannot name a topic, or undefined */
export function topicNameProblem(name: string): string | undefined {
  if (!topicNamePattern.test(name)) return '1 to 200 of A-Z a-z 0-9 . _ - expected'
  if (name === '.' || name === '..') return '. and .. are taken'
  if (name.startsWith('__')) return 'names that start with __ are reserved'
  return undefined
}

export type PolicyProblem = {
  readonly field: keyof TopicPolicy
  readonly value: number | null
  readonly bounds: Bounds
}

/** @returns the first field out of bounds, or undefined */
export function policyProblem(policy: TopicPolicy): PolicyProblem | undefined {
  const wrong = (field: keyof TopicPolicy, bounds: Bounds): PolicyProblem | undefined => {
    const value = policy[field]
    const fits = value !== null && Number.isSafeInteger(value) && value >= bounds.min && value <= bounds.max
    return fits ? undefined : { field, value, bounds }
  }
  return (
    wrong('replicas', policyBounds.replicas) ??
    wrong('minReplicas', { min: 1, max: policy.replicas }) ??
    (policy.retentionMs === null ? undefined : wrong('retentionMs', policyBounds.retentionMs)) ??
    (policy.retentionBytes === null ? undefined : wrong('retentionBytes', policyBounds.retentionBytes)) ??
    wrong('segmentBytes', policyBounds.segmentBytes) ??
    (policy.segmentAgeMs === null ? undefined : wrong('segmentAgeMs', policyBounds.segmentAgeMs))
  )
}

/** Ranges that a topic is born with. @returns undefined when `mode` asks for an impossible number */
export function firstRangeCount(mode: RangesMode): number | undefined {
  if (mode.kind === 'auto') return 1
  const { count } = mode
  const powerOfTwo = Number.isInteger(count) && count >= 1 && (count & (count - 1)) === 0
  return powerOfTwo && count <= fixedRangeCountMax ? count : undefined
}
