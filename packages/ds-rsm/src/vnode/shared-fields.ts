import { parseBrokerId } from '../ids.ts'
import type { Fields } from './fields.ts'
import type { Packable } from './packing.ts'
import type { RangesMode, TopicPolicy } from './policy.ts'
import type { Replica, ReplicaSeat } from './rows.ts'

// Shapes that rows, commands and preludes have in common: a fixed order of fields, each of which a test changes.

export function packPolicy(policy: TopicPolicy): Packable {
  return [
    policy.replicas,
    policy.minReplicas,
    policy.retentionMs,
    policy.retentionBytes,
    policy.segmentBytes,
    policy.segmentAgeMs,
  ]
}

export function readPolicy(fields: Fields): TopicPolicy {
  return fields.group((inner) => ({
    replicas: inner.count(),
    minReplicas: inner.count(),
    retentionMs: inner.countOrNull(),
    retentionBytes: inner.countOrNull(),
    segmentBytes: inner.count(),
    segmentAgeMs: inner.countOrNull(),
  }))
}

/** 0 is auto. */
export function packRanges(mode: RangesMode): Packable {
  return mode.kind === 'auto' ? 0 : mode.count
}

export function readRanges(fields: Fields): RangesMode {
  const count = fields.u32()
  return count === 0 ? { kind: 'auto' } : { kind: 'fixed', count }
}

export function packSeat(seat: ReplicaSeat): Packable {
  return [seat.brokerId, seat.bootId]
}

export function readSeat(fields: Fields): ReplicaSeat {
  return fields.group((inner) => ({ brokerId: parseBrokerId(inner.text()), bootId: inner.u32() }))
}

export function packReplica(replica: Replica): Packable {
  return [replica.brokerId, replica.bootId, replica.confirmed]
}

export function readReplica(fields: Fields): Replica {
  return fields.group((inner) => ({
    brokerId: parseBrokerId(inner.text()),
    bootId: inner.u32(),
    confirmed: inner.boolean(),
  }))
}
