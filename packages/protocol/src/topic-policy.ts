import type { ControlMap } from './control-body.ts'
import { codedError } from './error-table.ts'
import type { Fields } from './fields.ts'
import { rangeCountMax } from './limits.ts'

/** What a topic wants of its segments. `null` is explicitly none, never 0 (H60). */
export interface TopicPolicy {
  /** Copies of each segment. */
  readonly replicas: number
  /** Copies without which a segment is not opened; at most `replicas`. */
  readonly minReplicas: number
  /** Sealed segments go this long after their seal; null: kept for ever. */
  readonly retentionMs: number | null
  /** Oldest sealed segments go while a topic's range holds more; null: no bound. */
  readonly retentionBytes: number | null
  /** A segment is rolled at this size. */
  readonly segmentBytes: number
  /** A segment with data is rolled at this age; null: never by age. */
  readonly segmentAgeMs: number | null
}

/** Fields to choose at creation, or to change; undefined and missing mean the same. */
export type TopicPolicyChange = { readonly [Name in keyof TopicPolicy]?: TopicPolicy[Name] | undefined }

export type RangesMode = { readonly kind: 'auto' } | { readonly kind: 'fixed'; readonly count: number }

interface PolicyBounds {
  readonly min: number
  readonly max: number
  readonly unit: string
  readonly nullable: boolean
}

const year = 365 * 24 * 3600 * 1000

/** Bounds of each field, both ends included. */
export const policyBounds: { readonly [Name in keyof TopicPolicy]: PolicyBounds } = {
  replicas: { min: 1, max: 9, unit: 'copies', nullable: false },
  minReplicas: { min: 1, max: 9, unit: 'copies', nullable: false },
  retentionMs: { min: 1, max: 100 * year, unit: 'ms', nullable: true },
  retentionBytes: { min: 1, max: Number.MAX_SAFE_INTEGER, unit: 'bytes', nullable: true },
  segmentBytes: { min: 4096, max: 2 ** 40, unit: 'bytes', nullable: false },
  segmentAgeMs: { min: 1000, max: 100 * year, unit: 'ms', nullable: true },
}

export const policyFields: readonly (keyof TopicPolicy)[] = Object.keys(policyBounds) as (keyof TopicPolicy)[]

/**
 * Bounds of the fields that are there, and `minReplicas` against `replicas` when both are.
 * @throws EG_INVALID_ARGUMENT (fix-call) naming the field, the value and its bounds
 */
export function checkTopicPolicy(policy: TopicPolicyChange): void {
  for (const name of policyFields) {
    const value = policy[name]
    if (value !== undefined) checkField(name, value)
  }
  const { replicas, minReplicas } = policy
  if (replicas !== undefined && minReplicas !== undefined && minReplicas > replicas) {
    throw codedError(
      'EG_INVALID_ARGUMENT',
      `minReplicas is ${minReplicas}; replicas is ${replicas}, and that is its limit`,
      {
        field: 'minReplicas',
        value: minReplicas,
        limit: replicas,
      },
    )
  }
}

function checkField(name: keyof TopicPolicy, value: number | null): void {
  const { min, max, unit, nullable } = policyBounds[name]
  if (value === null) {
    if (nullable) return
    throw codedError('EG_INVALID_ARGUMENT', `${name} cannot be none`, { field: name })
  }
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  const none = nullable ? ', or none' : ''
  throw codedError('EG_INVALID_ARGUMENT', `${name} is ${value}; it must be from ${min} to ${max} ${unit}${none}`, {
    field: name,
    value,
    min,
    max,
  })
}

/** @throws EG_INVALID_ARGUMENT (fix-call) unless `count` is a power of two up to `rangeCountMax` */
export function checkRangesMode(ranges: RangesMode): void {
  if (ranges.kind === 'auto') return
  const { count } = ranges
  if (
    !Number.isSafeInteger(count) ||
    count < 1 ||
    count > rangeCountMax ||
    2 ** Math.round(Math.log2(count)) !== count
  ) {
    throw codedError(
      'EG_INVALID_ARGUMENT',
      `ranges is ${count}; it must be a power of two from 1 to ${rangeCountMax}`,
      {
        field: 'ranges',
        value: count,
        limit: rangeCountMax,
      },
    )
  }
}

/** Map of the fields that are there. */
export function policyToMap(policy: TopicPolicyChange): ControlMap {
  const { replicas, minReplicas, retentionMs, retentionBytes, segmentBytes, segmentAgeMs } = policy
  return { replicas, minReplicas, retentionMs, retentionBytes, segmentBytes, segmentAgeMs }
}

/** Types only: bounds are `checkTopicPolicy`'s, whose errors are for the user. @throws EG_MALFORMED (fix-call) */
export function readPolicyChange(fields: Fields): TopicPolicyChange {
  return {
    replicas: fields.optionalUint('replicas'),
    minReplicas: fields.optionalUint('minReplicas'),
    retentionMs: optionalNullable(fields, 'retentionMs'),
    retentionBytes: optionalNullable(fields, 'retentionBytes'),
    segmentBytes: fields.optionalUint('segmentBytes'),
    segmentAgeMs: optionalNullable(fields, 'segmentAgeMs'),
  }
}

/** A policy with all of its fields. @throws EG_MALFORMED (fix-call) */
export function readPolicy(fields: Fields): TopicPolicy {
  return {
    replicas: fields.uint('replicas'),
    minReplicas: fields.uint('minReplicas'),
    retentionMs: fields.nullableUint('retentionMs'),
    retentionBytes: fields.nullableUint('retentionBytes'),
    segmentBytes: fields.uint('segmentBytes'),
    segmentAgeMs: fields.nullableUint('segmentAgeMs'),
  }
}

function optionalNullable(fields: Fields, name: string): number | null | undefined {
  return fields.has(name) ? fields.nullableUint(name) : undefined
}

export function rangesToMap(ranges: RangesMode): ControlMap {
  return ranges.kind === 'auto' ? { kind: 'auto' } : { kind: 'fixed', count: ranges.count }
}

/** @throws EG_MALFORMED (fix-call) */
export function readRangesMode(fields: Fields): RangesMode {
  return fields.oneOf('kind', ['auto', 'fixed']) === 'auto'
    ? { kind: 'auto' }
    : { kind: 'fixed', count: fields.uint('count') }
}
