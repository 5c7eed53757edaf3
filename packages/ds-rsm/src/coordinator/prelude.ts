import { EastGuardError } from '@eastguard/kernel'
import { pack, unpackFields } from '../vnode/packing.ts'
import type { TopicPolicy } from '../vnode/policy.ts'
import type { RangeRow, TopicRow } from '../vnode/rows.ts'
import { packPolicy, readPolicy } from '../vnode/shared-fields.ts'

// What every segment file says about its topic, enough to rebuild the metadata from files alone. Made of committed
// metadata and nothing else, so that it is equal on all replicas. Opaque to the store.
//
//   [format, cluster id, topic name, key hash first, key hash last, lineage, policy]

const format = 1

export interface Prelude {
  /** 32 hex digits. */
  readonly clusterId: string
  readonly topicName: string
  readonly keyHashFirst: number
  readonly keyHashLast: number
  /** Numbers of the ranges that this one came from; none for a first range. */
  readonly lineage: readonly number[]
  readonly policy: TopicPolicy
}

/** @returns fresh bytes */
export function encodePrelude(prelude: Prelude): Uint8Array {
  const { clusterId, topicName, keyHashFirst, keyHashLast, lineage, policy } = prelude
  return pack([format, clusterId, topicName, keyHashFirst, keyHashLast, lineage, packPolicy(policy)])
}

/** @throws EG_MALFORMED (fix-call) */
export function decodePrelude(bytes: Uint8Array): Prelude {
  const fields = unpackFields(bytes)
  if (fields.count() !== format) {
    throw new EastGuardError({
      code: 'EG_MALFORMED',
      remedy: 'fix-call',
      message: 'the prelude has a format that this release does not know',
    })
  }
  const prelude = {
    clusterId: fields.text(),
    topicName: fields.text(),
    keyHashFirst: fields.u32(),
    keyHashLast: fields.u32(),
    lineage: fields.list((inner) => inner.u32()),
    policy: readPolicy(fields),
  }
  fields.end()
  return prelude
}

export function preludeOf(clusterId: string, topic: TopicRow, range: RangeRow): Prelude {
  const { keyHashFirst, keyHashLast } = range
  return { clusterId, topicName: topic.name, keyHashFirst, keyHashLast, lineage: [], policy: topic.policy }
}
