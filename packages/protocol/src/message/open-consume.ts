import { decodeControlBody, encodeControlBody } from '../control-body.ts'

// 0x0301 OpenConsume, client → broker, opens a session on its stream: map
//
//   topic        hex 16
//   range        u32
//   from         u64: offset of the first record wanted
//   windowBytes  u32: bytes that may be sent beyond what is taken

export interface OpenConsume {
  readonly topic: string
  readonly range: number
  readonly from: number
  readonly windowBytes: number
}

export function encodeOpenConsume(message: OpenConsume): Uint8Array {
  const { topic, range, from, windowBytes } = message
  return encodeControlBody({ topic, range, from, windowBytes })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeOpenConsume(body: Uint8Array): OpenConsume {
  const fields = decodeControlBody(body, 'OpenConsume')
  return {
    topic: fields.hex('topic', 16),
    range: fields.u32('range'),
    from: fields.uint('from'),
    windowBytes: fields.u32('windowBytes'),
  }
}
