import type { ControlMap } from '../control-body.ts'
import type { Fields } from '../fields.ts'
import { pageCountMax } from '../limits.ts'
import { topicNameLengthMax } from '../topic-name.ts'
import {
  policyToMap,
  type RangesMode,
  rangesToMap,
  readPolicy,
  readRangesMode,
  type TopicPolicy,
} from '../topic-policy.ts'
import { type BrokerPlace, placeToMap, readPlace } from './broker-place.ts'

// A topic, as several messages carry it: map
//
//   id          hex 16
//   name        string ≤ 200
//   createdAt   u64, ms since 1970
//   ranges      { kind: 'auto' } | { kind: 'fixed', count: u32 }
//   policy      map: replicas, minReplicas, retentionMs, retentionBytes, segmentBytes, segmentAgeMs
//   rangeList   list of ≤ 1,000 maps, ascending by range:
//     range         u32
//     state         active | sealed
//     keyHashFirst  u32   both inclusive
//     keyHashLast   u32
//     startOffset   u64   of the oldest record kept
//     endOffset     u64   committed, end-exclusive
//     segmentCount  u32
//     bytes         u64
//     activeSegment u32, optional
//     leader        nil | { brokerId: hex 32, host: string ≤ 255, port: u16 }
//   rangeCount  u32, of the whole topic
//   next        u32, optional: a further page starts with `afterRange: next`

export interface TopicDescription {
  readonly id: string
  readonly name: string
  readonly createdAt: number
  readonly ranges: RangesMode
  readonly policy: TopicPolicy
  readonly rangeList: readonly RangeDescription[]
  readonly rangeCount: number
  readonly next?: number | undefined
}

export interface RangeDescription {
  readonly range: number
  readonly state: 'active' | 'sealed'
  readonly keyHashFirst: number
  readonly keyHashLast: number
  readonly startOffset: number
  readonly endOffset: number
  readonly segmentCount: number
  readonly bytes: number
  readonly activeSegment?: number | undefined
  readonly leader: BrokerPlace | null
}

export function topicToMap(topic: TopicDescription): ControlMap {
  const { id, name, createdAt, ranges, policy, rangeList, rangeCount, next } = topic
  return {
    id,
    name,
    createdAt,
    ranges: rangesToMap(ranges),
    policy: policyToMap(policy),
    rangeList: rangeList.map(rangeToMap),
    rangeCount,
    next,
  }
}

export function readTopic(fields: Fields): TopicDescription {
  return {
    id: fields.hex('id', 16),
    name: fields.string('name', topicNameLengthMax),
    createdAt: fields.uint('createdAt'),
    ranges: readRangesMode(fields.map('ranges')),
    policy: readPolicy(fields.map('policy')),
    rangeList: fields.maps('rangeList', pageCountMax, readRange),
    rangeCount: fields.u32('rangeCount'),
    next: fields.optionalUint('next', { max: 0xffffffff }),
  }
}

function rangeToMap(range: RangeDescription): ControlMap {
  return { ...range, leader: range.leader === null ? null : placeToMap(range.leader) }
}

function readRange(fields: Fields): RangeDescription {
  return {
    range: fields.u32('range'),
    state: fields.oneOf('state', ['active', 'sealed']),
    keyHashFirst: fields.u32('keyHashFirst'),
    keyHashLast: fields.u32('keyHashLast'),
    startOffset: fields.uint('startOffset'),
    endOffset: fields.uint('endOffset'),
    segmentCount: fields.u32('segmentCount'),
    bytes: fields.uint('bytes'),
    activeSegment: fields.optionalUint('activeSegment', { max: 0xffffffff }),
    leader: readPlace(fields, 'leader'),
  }
}
