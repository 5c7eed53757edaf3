import { type ControlMap, decodeControlBody, encodeControlBody } from '../control-body.ts'
import type { Fields } from '../fields.ts'
import { pageCountDefault, segmentPageCountMax } from '../limits.ts'
import { requestedNameLengthMax } from '../topic-name.ts'

// 0x0107 ListSegments: map
//
//   name   string ≤ 1,024
//   range  u32, optional: this range only
//   after  segment id, optional: segments after this one only
//   limit  1 to 500: segments in the answer; default 100
//
// answer: map
//
//   segments  list of ≤ 500 maps, ascending by range, then segment:
//     id           segment id, `<topic>-<range>-<segment>`
//     topic        hex 16
//     range        u32
//     segment      u32
//     state        active | sealed
//     startOffset  u64
//     endOffset    u64, committed
//     bytes        u64
//     createdAt    u64, ms since 1970
//     sealedAt     u64 | nil
//     replicas     list of ≤ 9 maps: brokerId hex 32, bootId u32, confirmed boolean
//     damaged      string ≤ 256, optional: what is damaged and where
//   next      segment id, optional: a further page starts with `after: next`

export interface ListSegments {
  readonly name: string
  readonly range?: number | undefined
  readonly after?: string | undefined
  readonly limit: number
}

export interface ReplicaDescription {
  readonly brokerId: string
  readonly bootId: number
  readonly confirmed: boolean
}

export interface SegmentDescription {
  readonly id: string
  readonly topic: string
  readonly range: number
  readonly segment: number
  readonly state: 'active' | 'sealed'
  readonly startOffset: number
  readonly endOffset: number
  readonly bytes: number
  readonly createdAt: number
  readonly sealedAt: number | null
  readonly replicas: readonly ReplicaDescription[]
  readonly damaged?: string | undefined
}

export interface ListSegmentsAnswer {
  readonly segments: readonly SegmentDescription[]
  readonly next?: string | undefined
}

const damageLengthMax = 256

export function encodeListSegments(message: ListSegments): Uint8Array {
  const { name, range, after, limit } = message
  return encodeControlBody({ name, range, after, limit })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeListSegments(body: Uint8Array): ListSegments {
  const fields = decodeControlBody(body, 'ListSegments')
  return {
    name: fields.string('name', requestedNameLengthMax),
    range: fields.optionalUint('range', { max: 0xffffffff }),
    after: fields.has('after') ? fields.segmentId('after') : undefined,
    limit: fields.optionalUint('limit', { min: 1, max: segmentPageCountMax }) ?? pageCountDefault,
  }
}

export function encodeListSegmentsAnswer(message: ListSegmentsAnswer): Uint8Array {
  return encodeControlBody({ segments: message.segments.map(segmentToMap), next: message.next })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeListSegmentsAnswer(body: Uint8Array): ListSegmentsAnswer {
  const fields = decodeControlBody(body, 'ListSegments answer')
  return {
    segments: fields.maps('segments', segmentPageCountMax, readSegment),
    next: fields.has('next') ? fields.segmentId('next') : undefined,
  }
}

function segmentToMap(segment: SegmentDescription): ControlMap {
  return {
    ...segment,
    damaged: segment.damaged?.slice(0, damageLengthMax),
    replicas: segment.replicas.map((replica) => ({ ...replica })),
  }
}

function readSegment(fields: Fields): SegmentDescription {
  return {
    id: fields.segmentId('id'),
    topic: fields.hex('topic', 16),
    range: fields.u32('range'),
    segment: fields.u32('segment'),
    state: fields.oneOf('state', ['active', 'sealed']),
    startOffset: fields.uint('startOffset'),
    endOffset: fields.uint('endOffset'),
    bytes: fields.uint('bytes'),
    createdAt: fields.uint('createdAt'),
    sealedAt: fields.has('sealedAt') ? fields.nullableUint('sealedAt') : null,
    replicas: fields.maps('replicas', 9, readReplica),
    damaged: fields.optionalString('damaged', damageLengthMax),
  }
}

function readReplica(fields: Fields): ReplicaDescription {
  return {
    brokerId: fields.hex('brokerId', 32),
    bootId: fields.u32('bootId'),
    confirmed: fields.boolean('confirmed'),
  }
}
