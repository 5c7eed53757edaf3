import { type Brand, EastGuardError, invariant } from '@eastguard/kernel'

// Ids travel as text through every face: they print as they are, compare with ===, and serve as map keys.

/** The start of the vNode's arc, `u32`. Arcs are cut and never merged, so it is unique (H1, H4a). */
export type VNodeId = Brand<number, 'VNodeId'>
/** 16 hex digits: birth vNode, counter. Never used twice. */
export type TopicId = Brand<string, 'TopicId'>
/** `<topic>-<range>-<segment>`. */
export type SegmentId = Brand<string, 'SegmentId'>
/** 32 hex digits, random, made at a broker's first start. */
export type BrokerId = Brand<string, 'BrokerId'>
/** 32 hex digits, random, made by whoever wants something created. */
export type RequestId = Brand<string, 'RequestId'>

/** Numbers of ranges in a topic and of segments in a range: `u32`, from 0, never used twice. */
export type SegmentName = { readonly topic: TopicId; readonly range: number; readonly segment: number }

export const u32Max = 0xffff_ffff

const hex16 = /^[0-9a-f]{16}$/
const hex32 = /^[0-9a-f]{32}$/
const segmentPattern = /^([0-9a-f]{16})-(0|[1-9][0-9]{0,9})-(0|[1-9][0-9]{0,9})$/

/** @throws EG_ID_INVALID (fix-call) */
export function parseVNodeId(value: number): VNodeId {
  if (!isU32(value)) throw invalid('vNode', String(value), 'an integer below 2^32')
  return value as VNodeId
}

/** Eight hex digits. */
export function formatVNodeId(id: VNodeId): string {
  return hex8(id)
}

/** @throws EG_ID_INVALID (fix-call) */
export function parseTopicId(text: string): TopicId {
  if (!hex16.test(text)) throw invalid('topic', text, '16 hex digits')
  return text as TopicId
}

export function formatTopicId(birth: VNodeId, counter: number): TopicId {
  invariant(isU32(counter), 'a topic counter fits u32', { counter })
  return (hex8(birth) + hex8(counter)) as TopicId
}

/** The vNode that minted the topic's id. It owns the topic for as long as its arc has not been cut. */
export function topicBirth(id: TopicId): VNodeId {
  return Number.parseInt(id.slice(0, 8), 16) as VNodeId
}

export function topicCounter(id: TopicId): number {
  return Number.parseInt(id.slice(8), 16)
}

/** @throws EG_ID_INVALID (fix-call) */
export function parseSegmentName(text: string): SegmentName {
  const parts = segmentPattern.exec(text)
  const range = Number(parts?.[2])
  const segment = Number(parts?.[3])
  if (parts === null || !isU32(range) || !isU32(segment)) throw invalid('segment', text, '<topic>-<range>-<segment>')
  return { topic: parts[1] as TopicId, range, segment }
}

/** What an id that has been parsed or formatted before is made of: cheaper than parsing it. */
export function segmentNameOf(id: SegmentId): SegmentName {
  const topicEnd = id.indexOf('-')
  const rangeEnd = id.indexOf('-', topicEnd + 1)
  return {
    topic: id.slice(0, topicEnd) as TopicId,
    range: Number(id.slice(topicEnd + 1, rangeEnd)),
    segment: Number(id.slice(rangeEnd + 1)),
  }
}

export function formatSegmentId(name: SegmentName): SegmentId {
  return `${name.topic}-${name.range}-${name.segment}` as SegmentId
}

/** @throws EG_ID_INVALID (fix-call) */
export function parseBrokerId(text: string): BrokerId {
  if (!hex32.test(text)) throw invalid('broker', text, '32 hex digits')
  return text as BrokerId
}

/** @throws EG_ID_INVALID (fix-call) */
export function parseRequestId(text: string): RequestId {
  if (!hex32.test(text)) throw invalid('request', text, '32 hex digits')
  return text as RequestId
}

/** @param bytes the 16 bytes that travel in a request; copied. @throws EG_ID_INVALID (fix-call) */
export function requestIdFromBytes(bytes: Uint8Array): RequestId {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return parseRequestId(text)
}

export function isU32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= u32Max
}

function hex8(value: number): string {
  return value.toString(16).padStart(8, '0')
}

function invalid(what: string, text: string, wanted: string): EastGuardError {
  return new EastGuardError({
    code: 'EG_ID_INVALID',
    remedy: 'fix-call',
    message: `'${text}' is not a ${what} id: ${wanted} expected`,
    facts: { what, text },
  })
}
