import { decodeControlBody, encodeControlBody } from '../control-body.ts'
import { requestedNameLengthMax } from '../topic-name.ts'
import { policyToMap, readPolicyChange, type TopicPolicyChange } from '../topic-policy.ts'
import { readTopic, type TopicDescription, topicToMap } from './topic-description.ts'

// 0x0104 AlterTopic: map
//
//   name    string ≤ 1,024
//   policy  map of the fields to change; default empty
//
// answer: map
//
//   topic   topic (topic-description.ts)

export interface AlterTopic {
  readonly name: string
  readonly policy: TopicPolicyChange
}

export interface AlterTopicAnswer {
  readonly topic: TopicDescription
}

export function encodeAlterTopic(message: AlterTopic): Uint8Array {
  return encodeControlBody({ name: message.name, policy: policyToMap(message.policy) })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeAlterTopic(body: Uint8Array): AlterTopic {
  const fields = decodeControlBody(body, 'AlterTopic')
  return {
    name: fields.string('name', requestedNameLengthMax),
    policy: fields.has('policy') ? readPolicyChange(fields.map('policy')) : {},
  }
}

export function encodeAlterTopicAnswer(message: AlterTopicAnswer): Uint8Array {
  return encodeControlBody({ topic: topicToMap(message.topic) })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeAlterTopicAnswer(body: Uint8Array): AlterTopicAnswer {
  return { topic: readTopic(decodeControlBody(body, 'AlterTopic answer').map('topic')) }
}
