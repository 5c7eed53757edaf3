import { decodeControlBody, encodeControlBody } from '../control-body.ts'
import { requestedNameLengthMax } from '../topic-name.ts'

// 0x0105 DeleteTopic: map
//
//   name  string ≤ 1,024
//
// answer: map
//
//   id    hex 16, of the topic that is gone

export interface DeleteTopic {
  readonly name: string
}

export interface DeleteTopicAnswer {
  readonly id: string
}

export function encodeDeleteTopic(message: DeleteTopic): Uint8Array {
  return encodeControlBody({ name: message.name })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeDeleteTopic(body: Uint8Array): DeleteTopic {
  return { name: decodeControlBody(body, 'DeleteTopic').string('name', requestedNameLengthMax) }
}

export function encodeDeleteTopicAnswer(message: DeleteTopicAnswer): Uint8Array {
  return encodeControlBody({ id: message.id })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeDeleteTopicAnswer(body: Uint8Array): DeleteTopicAnswer {
  return { id: decodeControlBody(body, 'DeleteTopic answer').hex('id', 16) }
}
