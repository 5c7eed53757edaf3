import { crc32 } from '@eastguard/kernel'
import { type SegmentId, segmentIdBytes, segmentIdFromBytes } from '../segment-id.ts'
import { getU64, isZero, setU64, viewOf } from './little-endian.ts'

// The first 64 bytes of a segment file; the prelude and the batches follow. Equal on all replicas.
//
//   0        4      8            24             32              36             40         64
//   │ EGS 1  │ crc  │ segment id │ start offset │ prelude bytes │ prelude crc  │ reserved │ prelude …
//             of 8–63

export const segmentHeaderBytes = 64
/** A prelude is a small map; a larger length is damage. */
export const preludeBytesMax: number = 16 * 1024 * 1024

const magic = 0x01534745 // EGS, version 1

export interface SegmentHeader {
  readonly segment: SegmentId
  readonly startOffset: number
  readonly preludeBytes: number
  readonly preludeChecksum: number
}

/** @param prelude borrowed; stands right behind the header in the file */
export function encodeSegmentHeader(id: SegmentId, startOffset: number, prelude: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(segmentHeaderBytes)
  const view = viewOf(bytes)
  view.setUint32(0, magic, true)
  bytes.set(segmentIdBytes(id), 8)
  setU64(view, 24, startOffset)
  view.setUint32(32, prelude.length, true)
  view.setUint32(36, crc32(prelude), true)
  view.setUint32(4, crc32(bytes.subarray(8)), true)
  return bytes
}

export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeader | 'damaged' | 'newer' {
  if (bytes.length < segmentHeaderBytes) return 'damaged'
  const view = viewOf(bytes)
  if (view.getUint32(0, true) !== magic) return 'damaged'
  if (view.getUint32(4, true) !== crc32(bytes.subarray(8, segmentHeaderBytes))) return 'damaged'
  if (!isZero(bytes, 40, segmentHeaderBytes)) return 'newer'
  const startOffset = getU64(view, 24)
  const preludeBytes = view.getUint32(32, true)
  if (startOffset === undefined || preludeBytes > preludeBytesMax) return 'damaged'
  return {
    segment: segmentIdFromBytes(bytes, 8),
    startOffset,
    preludeBytes,
    preludeChecksum: view.getUint32(36, true),
  }
}
