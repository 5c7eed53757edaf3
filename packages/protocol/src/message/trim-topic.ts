import { type ControlValue, decodeControlBody, encodeControlBody } from '../control-body.ts'
import type { Fields } from '../fields.ts'
import { rangeCountMax } from '../limits.ts'
import { requestedNameLengthMax } from '../topic-name.ts'

// 0x0106 TrimTopic: map
//
//   name    string ≤ 1,024
//   range   u32, optional: this range only; wanted with an offset
//   before  { kind: 'offset', offset: u64 } | { kind: 'time', time: u64 } | { kind: 'end' }
//
// Sealed segments that lie wholly before the point go, oldest first.
//
// answer: map
//
//   ranges  list of ≤ 4,096 maps:
//     range            u32
//     startOffset      u64, of the oldest record kept
//     removedSegments  u32

export type TrimPoint =
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'time'; readonly time: number }
  | { readonly kind: 'end' }

export interface TrimTopic {
  readonly name: string
  readonly range?: number | undefined
  readonly before: TrimPoint
}

export interface TrimmedRange {
  readonly range: number
  readonly startOffset: number
  readonly removedSegments: number
}

export interface TrimTopicAnswer {
  readonly ranges: readonly TrimmedRange[]
}

export function encodeTrimTopic(message: TrimTopic): Uint8Array {
  return encodeControlBody({ name: message.name, range: message.range, before: pointToMap(message.before) })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeTrimTopic(body: Uint8Array): TrimTopic {
  const fields = decodeControlBody(body, 'TrimTopic')
  return {
    name: fields.string('name', requestedNameLengthMax),
    range: fields.optionalUint('range', { max: 0xffffffff }),
    before: readPoint(fields.map('before')),
  }
}

export function encodeTrimTopicAnswer(message: TrimTopicAnswer): Uint8Array {
  return encodeControlBody({ ranges: message.ranges.map((range) => ({ ...range })) })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeTrimTopicAnswer(body: Uint8Array): TrimTopicAnswer {
  return { ranges: decodeControlBody(body, 'TrimTopic answer').maps('ranges', rangeCountMax, readTrimmed) }
}

function pointToMap(point: TrimPoint): ControlValue {
  return { ...point }
}

function readPoint(fields: Fields): TrimPoint {
  const kind = fields.oneOf('kind', ['offset', 'time', 'end'])
  switch (kind) {
    case 'offset':
      return { kind, offset: fields.uint('offset') }
    case 'time':
      return { kind, time: fields.uint('time') }
    case 'end':
      return { kind }
  }
}

function readTrimmed(fields: Fields): TrimmedRange {
  return {
    range: fields.u32('range'),
    startOffset: fields.uint('startOffset'),
    removedSegments: fields.u32('removedSegments'),
  }
}
