import { type Brand, EastGuardError, invariant } from '@eastguard/kernel'

/** `<topic, 16 hex digits>-<range>-<segment>`; the two numbers in decimal without leading zeros. */
export type SegmentId = Brand<string, 'SegmentId'>

/** A record's place in its range: counts records from 0. */
export type Offset = number

export interface SegmentIdParts {
  /** 16 lower-case hex digits: birth vNode and counter. */
  readonly topic: string
  readonly range: number
  readonly segment: number
}

const segmentIdBytesLength = 16

const pattern = /^([0-9a-f]{16})-(0|[1-9][0-9]{0,9})-(0|[1-9][0-9]{0,9})$/

/** @throws EG_ID_INVALID (fix-call) */
export function parseSegmentId(text: string): SegmentId {
  splitSegmentId(text)
  return text as SegmentId // the only place, with the mint below, that gives the brand
}

/** @throws EG_ID_INVALID (fix-call) */
export function splitSegmentId(text: string): SegmentIdParts {
  const match = pattern.exec(text)
  const [, topic, range, segment] = match ?? []
  const parts = { topic: topic ?? '', range: Number(range), segment: Number(segment) }
  if (match === null || parts.range > 0xffffffff || parts.segment > 0xffffffff) throw malformed(text)
  return parts
}

export function formatSegmentId({ topic, range, segment }: SegmentIdParts): SegmentId {
  return parseSegmentId(`${topic}-${range}-${segment}`)
}

/** 16 bytes: birth vNode, counter, range, segment; each a little-endian u32. */
export function segmentIdBytes(id: SegmentId): Uint8Array {
  const { topic, range, segment } = splitSegmentId(id)
  const bytes = new Uint8Array(segmentIdBytesLength)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, Number.parseInt(topic.slice(0, 8), 16), true)
  view.setUint32(4, Number.parseInt(topic.slice(8), 16), true)
  view.setUint32(8, range, true)
  view.setUint32(12, segment, true)
  return bytes
}

/** @param bytes at least 16 from `at`; borrowed */
export function segmentIdFromBytes(bytes: Uint8Array, at = 0): SegmentId {
  invariant(at >= 0 && at + segmentIdBytesLength <= bytes.length, 'a segment id has 16 bytes', { at })
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, segmentIdBytesLength)
  const hex = (value: number): string => value.toString(16).padStart(8, '0')
  const topic = hex(view.getUint32(0, true)) + hex(view.getUint32(4, true))
  return `${topic}-${view.getUint32(8, true)}-${view.getUint32(12, true)}` as SegmentId
}

/** `segments/<topic>/<range>`: where the range's files are. */
export function segmentDirectory(id: SegmentId): string {
  const { topic, range } = splitSegmentId(id)
  return `segments/${topic}/${range}`
}

/** Not by start offset: an empty segment and its successor start at the same one. */
export function segmentPath(id: SegmentId): string {
  const { segment } = splitSegmentId(id)
  return `${segmentDirectory(id)}/${String(segment).padStart(10, '0')}.seg`
}

/** @returns undefined when the three names are not those of a segment file */
export function segmentIdFromPath(topic: string, range: string, file: string): SegmentId | undefined {
  const match = /^([0-9]{10})\.seg$/.exec(file)
  if (match === null) return undefined
  const text = `${topic}-${range}-${Number(match[1])}`
  return pattern.test(text) && Number(match[1]) <= 0xffffffff ? parseSegmentId(text) : undefined
}

function malformed(text: string): EastGuardError {
  return new EastGuardError({
    code: 'EG_ID_INVALID',
    remedy: 'fix-call',
    message: `'${text}' is not a segment id: expected <16 hex digits>-<range>-<segment>`,
    facts: { id: text },
  })
}
