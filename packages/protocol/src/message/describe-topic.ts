import { decodeControlBody, encodeControlBody } from '../control-body.ts'
import { pageCountMax } from '../limits.ts'
import { requestedNameLengthMax } from '../topic-name.ts'
import { readTopic, type TopicDescription, topicToMap } from './topic-description.ts'

// 0x0102 DescribeTopic: map
//
//   name        string ≤ 1,024
//   afterRange  u32, optional: ranges above this one only
//   limit       1 to 1,000, optional: ranges in the answer; default 1,000
//
// answer: topic (topic-description.ts)

export interface DescribeTopic {
  readonly name: string
  readonly afterRange?: number | undefined
  readonly limit?: number | undefined
}

export type DescribeTopicAnswer = TopicDescription

export function encodeDescribeTopic(message: DescribeTopic): Uint8Array {
  const { name, afterRange, limit } = message
  return encodeControlBody({ name, afterRange, limit })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeDescribeTopic(body: Uint8Array): DescribeTopic {
  const fields = decodeControlBody(body, 'DescribeTopic')
  return {
    name: fields.string('name', requestedNameLengthMax),
    afterRange: fields.optionalUint('afterRange', { max: 0xffffffff }),
    limit: fields.optionalUint('limit', { min: 1, max: pageCountMax }),
  }
}

export function encodeDescribeTopicAnswer(message: DescribeTopicAnswer): Uint8Array {
  return encodeControlBody(topicToMap(message))
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeDescribeTopicAnswer(body: Uint8Array): DescribeTopicAnswer {
  return readTopic(decodeControlBody(body, 'DescribeTopic answer'))
}
