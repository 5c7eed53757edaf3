import { decodeControlBody, encodeControlBody } from '../control-body.ts'
import { requestedNameLengthMax } from '../topic-name.ts'
import {
  policyToMap,
  type RangesMode,
  rangesToMap,
  readPolicyChange,
  readRangesMode,
  type TopicPolicyChange,
} from '../topic-policy.ts'
import { readTopic, type TopicDescription, topicToMap } from './topic-description.ts'

// 0x0101 CreateTopic: map
//
//   requestId  bin 16          random; the same one again answers the first result
//   name       string ≤ 1,024  the rule for names: EG_INVALID_NAME
//   ranges     { kind: 'auto' } | { kind: 'fixed', count: power of two ≤ 4,096 }; default auto
//   policy     map of the fields to choose; missing ones are chosen by the coordinator; default empty
//
// answer: map
//
//   topic      topic (topic-description.ts)
//   repeated   boolean: this request id was answered before; default false

export interface CreateTopic {
  readonly requestId: Uint8Array
  readonly name: string
  readonly ranges: RangesMode
  readonly policy: TopicPolicyChange
}

export interface CreateTopicAnswer {
  readonly topic: TopicDescription
  readonly repeated: boolean
}

export function encodeCreateTopic(message: CreateTopic): Uint8Array {
  const { requestId, name, ranges, policy } = message
  return encodeControlBody({ requestId, name, ranges: rangesToMap(ranges), policy: policyToMap(policy) })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeCreateTopic(body: Uint8Array): CreateTopic {
  const fields = decodeControlBody(body, 'CreateTopic')
  return {
    requestId: fields.bytes('requestId', 16),
    name: fields.string('name', requestedNameLengthMax),
    ranges: fields.has('ranges') ? readRangesMode(fields.map('ranges')) : { kind: 'auto' },
    policy: fields.has('policy') ? readPolicyChange(fields.map('policy')) : {},
  }
}

export function encodeCreateTopicAnswer(message: CreateTopicAnswer): Uint8Array {
  return encodeControlBody({ topic: topicToMap(message.topic), repeated: message.repeated })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeCreateTopicAnswer(body: Uint8Array): CreateTopicAnswer {
  const fields = decodeControlBody(body, 'CreateTopic answer')
  return { topic: readTopic(fields.map('topic')), repeated: fields.boolean('repeated', false) }
}
