import { decodeControlBody, encodeControlBody } from '../control-body.ts'

// 0x0004 GoAway, broker → client, stream 0: map
//
//   code     string ≤ 64     why, of the error table
//   message  string ≤ 2,048  for people; default empty
//
// The broker takes no new calls and sessions on this connection and closes it soon; what is open may end.

export interface GoAway {
  readonly code: string
  readonly message: string
}

export function encodeGoAway(message: GoAway): Uint8Array {
  return encodeControlBody({ code: message.code, message: message.message.slice(0, 2048) })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeGoAway(body: Uint8Array): GoAway {
  const fields = decodeControlBody(body, 'GoAway')
  return { code: fields.string('code', 64), message: fields.optionalString('message', 2048) ?? '' }
}
