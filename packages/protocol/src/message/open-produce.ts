import { decodeControlBody, encodeControlBody } from '../control-body.ts'

// 0x0201 OpenProduce, client → broker, opens a session on its stream: map
//
//   topic  hex 16
//   range  u32

export interface OpenProduce {
  readonly topic: string
  readonly range: number
}

export function encodeOpenProduce(message: OpenProduce): Uint8Array {
  return encodeControlBody({ topic: message.topic, range: message.range })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeOpenProduce(body: Uint8Array): OpenProduce {
  const fields = decodeControlBody(body, 'OpenProduce')
  return { topic: fields.hex('topic', 16), range: fields.u32('range') }
}
