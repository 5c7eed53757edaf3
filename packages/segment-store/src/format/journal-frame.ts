import { crc32 } from '@eastguard/kernel'
import { batchChecksum, checkBatch, isStampValid } from '@eastguard/record'
import { type SegmentId, segmentIdFromBytes } from '../segment-id.ts'
import { getU64, isZero, setU64 } from './little-endian.ts'

// One entry of the journal: 64 bytes, then the payload. Frames start at multiples of 8.
//
//   0      4      8          16       24   25    28     32         48       56        60      64
//   │length│ crc  │ sequence │ durable│kind│ 0   │ back │ segment  │ offset │ payload │ 0     │ payload …
//           of store id, 0–3, 8–63                                           crc

export const frameHeaderBytes = 64
export const frameAlignment = 8

/** 5, the producer table, is written from a later release on: here it counts as newer. */
const frameKinds = { append: 1, seal: 2, truncate: 3, forget: 4, commit: 6, prelude: 7, suspect: 8 } as const
export type FrameKind = keyof typeof frameKinds

const kindOf = new Map<number, FrameKind>(
  (Object.keys(frameKinds) as FrameKind[]).map((kind) => [frameKinds[kind], kind]),
)

export interface FrameHeader {
  /** Header and payload. */
  readonly length: number
  /** Everything below this journal position had been synced when the frame was written. */
  readonly durable: number
  readonly kind: FrameKind
  /** Distance to the start of the frame before it in this file; 0 for the first. */
  readonly back: number
  readonly segment: SegmentId
  /** The same, 16 bytes; a view of what was decoded. */
  readonly segmentBytes: Uint8Array
  /** append: base offset; seal, truncate, suspect: the end; commit: the commit; prelude: start offset; forget: 0. */
  readonly offset: number
  readonly payloadChecksum: number
}

export interface FrameFields {
  readonly sequence: number
  readonly durable: number
  readonly kind: FrameKind
  readonly back: number
  /** 16 bytes. */
  readonly segment: Uint8Array
  readonly offset: number
  readonly payloadBytes: number
  readonly payloadChecksum: number
}

/** Seed of every header checksum of one store: nobody's payload can pose as a frame. */
export function frameSeed(storeId: Uint8Array): number {
  return crc32(storeId)
}

/** Writes 64 bytes at `at`. */
export function encodeFrame(bytes: Uint8Array, view: DataView, at: number, fields: FrameFields, seed: number): void {
  view.setUint32(at, frameHeaderBytes + fields.payloadBytes, true)
  setU64(view, at + 8, fields.sequence)
  setU64(view, at + 16, fields.durable)
  view.setUint32(at + 24, frameKinds[fields.kind], true) // kind and three reserved bytes
  view.setUint32(at + 28, fields.back, true)
  bytes.set(fields.segment, at + 32)
  setU64(view, at + 48, fields.offset)
  view.setUint32(at + 56, fields.payloadChecksum, true)
  view.setUint32(at + 60, 0, true)
  view.setUint32(at + 4, headerChecksum(bytes, at, seed), true)
}

/** Whether a frame belongs to the file's present life. A recycled file is full of frames of earlier ones. */
export type FrameIsLive = (frameSequence: number, fileSequence: number) => boolean
export const frameIsLive: FrameIsLive = (frameSequence, fileSequence) => frameSequence === fileSequence

/**
 * @param limit the frame must end at or below it
 * @returns undefined where no valid header of this file stands; `newer` for one that only a newer release reads
 */
export function decodeFrame(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  context: { readonly seed: number; readonly sequence: number; readonly limit: number; readonly isLive: FrameIsLive },
): FrameHeader | 'newer' | undefined {
  if (at + frameHeaderBytes > context.limit) return undefined
  const sequence = getU64(view, at + 8)
  if (sequence === undefined || !context.isLive(sequence, context.sequence)) return undefined
  const length = view.getUint32(at, true)
  if (length < frameHeaderBytes || length > context.limit - at) return undefined
  if (view.getUint32(at + 4, true) !== headerChecksum(bytes, at, context.seed)) return undefined
  const kind = kindOf.get(view.getUint8(at + 24))
  if (kind === undefined || !isZero(bytes, at + 25, at + 28) || !isZero(bytes, at + 60, at + 64)) return 'newer'
  const [durable, offset] = [getU64(view, at + 16), getU64(view, at + 48)]
  if (durable === undefined || offset === undefined) return undefined
  return {
    length,
    durable,
    kind,
    back: view.getUint32(at + 28, true),
    segment: segmentIdFromBytes(bytes, at + 32),
    segmentBytes: bytes.subarray(at + 32, at + 48),
    offset,
    payloadChecksum: view.getUint32(at + 56, true),
  }
}

/** Whether the payload is what the header says. @param payload borrowed */
export function isPayloadValid(frame: FrameHeader, payload: Uint8Array): boolean {
  switch (frame.kind) {
    case 'append':
      return batchChecksum(payload) === frame.payloadChecksum && isNextBatch(payload, frame)
    case 'prelude':
    case 'suspect':
      return crc32(payload) === frame.payloadChecksum
    case 'seal':
    case 'truncate':
    case 'forget':
    case 'commit':
      return payload.length === 0
  }
}

function isNextBatch(payload: Uint8Array, { segmentBytes, offset }: FrameHeader): boolean {
  try {
    // The producer's checksum does not cover the stamp.
    return checkBatch(payload).baseOffset === offset && isStampValid(payload, segmentBytes)
  } catch {
    return false // whatever is wrong with it: these are not the bytes that were written
  }
}

function headerChecksum(bytes: Uint8Array, at: number, seed: number): number {
  return crc32(bytes.subarray(at + 8, at + frameHeaderBytes), crc32(bytes.subarray(at, at + 4), seed))
}
