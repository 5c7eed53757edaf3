import { type ControlMap, decodeControlBody, encodeControlBody } from '../control-body.ts'
import type { Fields } from '../fields.ts'
import { pageCountDefault, pageCountMax } from '../limits.ts'
import { requestedNameLengthMax, topicNameLengthMax } from '../topic-name.ts'
import { policyToMap, readPolicy, type TopicPolicy } from '../topic-policy.ts'

// 0x0103 ListTopics: map
//
//   after   string ≤ 1,024, optional: names above this one only, by code unit
//   limit   1 to 1,000: topics in the answer; default 100
//   prefix  string ≤ 1,024, optional: names that start with it only
//
// answer: map
//
//   topics  list of ≤ 1,000 maps, ascending by name:
//     id            hex 16
//     name          string ≤ 200
//     createdAt     u64, ms since 1970
//     rangeCount    u32
//     segmentCount  u32
//     policy        map (topic-description.ts)
//     recordCount   u64, committed and kept
//     bytes         u64
//   next    string, optional: a further page starts with `after: next`

export interface ListTopics {
  readonly after?: string | undefined
  readonly limit: number
  readonly prefix?: string | undefined
}

export interface TopicSummary {
  readonly id: string
  readonly name: string
  readonly createdAt: number
  readonly rangeCount: number
  readonly segmentCount: number
  readonly policy: TopicPolicy
  readonly recordCount: number
  readonly bytes: number
}

export interface ListTopicsAnswer {
  readonly topics: readonly TopicSummary[]
  readonly next?: string | undefined
}

export function encodeListTopics(message: ListTopics): Uint8Array {
  const { after, limit, prefix } = message
  return encodeControlBody({ after, limit, prefix })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeListTopics(body: Uint8Array): ListTopics {
  const fields = decodeControlBody(body, 'ListTopics')
  return {
    after: fields.optionalString('after', requestedNameLengthMax),
    limit: fields.optionalUint('limit', { min: 1, max: pageCountMax }) ?? pageCountDefault,
    prefix: fields.optionalString('prefix', requestedNameLengthMax),
  }
}

export function encodeListTopicsAnswer(message: ListTopicsAnswer): Uint8Array {
  return encodeControlBody({ topics: message.topics.map(summaryToMap), next: message.next })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeListTopicsAnswer(body: Uint8Array): ListTopicsAnswer {
  const fields = decodeControlBody(body, 'ListTopics answer')
  return {
    topics: fields.maps('topics', pageCountMax, readSummary),
    next: fields.optionalString('next', topicNameLengthMax),
  }
}

function summaryToMap(topic: TopicSummary): ControlMap {
  return { ...topic, policy: policyToMap(topic.policy) }
}

function readSummary(fields: Fields): TopicSummary {
  return {
    id: fields.hex('id', 16),
    name: fields.string('name', topicNameLengthMax),
    createdAt: fields.uint('createdAt'),
    rangeCount: fields.u32('rangeCount'),
    segmentCount: fields.u32('segmentCount'),
    policy: readPolicy(fields.map('policy')),
    recordCount: fields.uint('recordCount'),
    bytes: fields.uint('bytes'),
  }
}
