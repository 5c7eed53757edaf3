import { decodeControlBody, encodeControlBody } from '../control-body.ts'
import { type ErrorBody, errorToMap, readErrorBody } from './error.ts'

// 0x0502 Close, both directions, ends a session: map
//
//   number, code, remedy, message, facts   as in Error; EG_CLOSED when its owner simply ends it
//   acceptedBelow  u32, optional; from the broker in a produce session: every frame sequence below it is stored, none
//                  from it on ever will be. Without it the outcome of what was not acknowledged is unknown

export interface Close extends ErrorBody {
  readonly acceptedBelow?: number | undefined
}

export function encodeClose(message: Close): Uint8Array {
  return encodeControlBody({ ...errorToMap(message), acceptedBelow: message.acceptedBelow })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeClose(body: Uint8Array): Close {
  const fields = decodeControlBody(body, 'Close')
  return { ...readErrorBody(fields), acceptedBelow: fields.optionalUint('acceptedBelow', { max: 0xffffffff }) }
}
