import { decodeControlBody, encodeControlBody } from '../control-body.ts'
import type { Fields } from '../fields.ts'

// 0x0108 FindOffset: map
//
//   topic   hex 16
//   range   u32
//   at      { kind: 'start' } | { kind: 'end' } | { kind: 'time', time: u64 }
//
// answer: map
//
//   offset  u64: of the oldest record kept; the committed end; or of the first batch that holds a record with this
//           timestamp or a later one, the committed end when there is none

export type OffsetPoint =
  | { readonly kind: 'start' }
  | { readonly kind: 'end' }
  | { readonly kind: 'time'; readonly time: number }

export interface FindOffset {
  readonly topic: string
  readonly range: number
  readonly at: OffsetPoint
}

export interface FindOffsetAnswer {
  readonly offset: number
}

export function encodeFindOffset(message: FindOffset): Uint8Array {
  return encodeControlBody({ topic: message.topic, range: message.range, at: { ...message.at } })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeFindOffset(body: Uint8Array): FindOffset {
  const fields = decodeControlBody(body, 'FindOffset')
  return { topic: fields.hex('topic', 16), range: fields.u32('range'), at: readPoint(fields.map('at')) }
}

export function encodeFindOffsetAnswer(message: FindOffsetAnswer): Uint8Array {
  return encodeControlBody({ offset: message.offset })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeFindOffsetAnswer(body: Uint8Array): FindOffsetAnswer {
  return { offset: decodeControlBody(body, 'FindOffset answer').uint('offset') }
}

function readPoint(fields: Fields): OffsetPoint {
  const kind = fields.oneOf('kind', ['start', 'end', 'time'])
  return kind === 'time' ? { kind, time: fields.uint('time') } : { kind }
}
