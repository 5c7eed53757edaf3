import { decodeControlBody, encodeControlBody } from '../control-body.ts'

// 0x0302 ConsumeOpened, broker → client, flag answer; with flag error the body is the error map and the session does
// not exist: map
//
//   startOffset   u64: where records really start, above `from` when those were trimmed
//   committedEnd  u64

export interface ConsumeOpened {
  readonly startOffset: number
  readonly committedEnd: number
}

export function encodeConsumeOpened(message: ConsumeOpened): Uint8Array {
  return encodeControlBody({ startOffset: message.startOffset, committedEnd: message.committedEnd })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeConsumeOpened(body: Uint8Array): ConsumeOpened {
  const fields = decodeControlBody(body, 'ConsumeOpened')
  return { startOffset: fields.uint('startOffset'), committedEnd: fields.uint('committedEnd') }
}
