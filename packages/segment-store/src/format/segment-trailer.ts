import { crc32 } from '@eastguard/kernel'
import { type SegmentId, segmentIdBytes, segmentIdFromBytes } from '../segment-id.ts'
import { indexEntryBytes } from './index-entry.ts'
import { getU64, isZero, setU64, viewOf } from './little-endian.ts'
import { segmentHeaderBytes } from './segment-header.ts'

// The last 96 bytes of a sealed file.
//
//   0       4     8           24      32    40            48      52      56        64     72    80      84     88   96
//   │ EGF 1 │ crc │ segment id│ start │ end │ batch bytes │ count │ index │ max time│ first│ last│ index │ batches │ 0 │
//            of 8–95                                                                              crc     crc

export const segmentTrailerBytes = 96

const magic = 0x01464745 // EGF, version 1

export interface SegmentTrailer {
  readonly segment: SegmentId
  readonly startOffset: number
  readonly endOffset: number
  readonly batchBytes: number
  readonly batchCount: number
  readonly indexCount: number
  readonly maxTimestamp: number
  readonly firstAppendTime: number
  readonly lastAppendTime: number
  readonly indexChecksum: number
  /** Of bytes 24 to 31 of every batch, in order: none is missing or replaced. */
  readonly batchesChecksum: number
}

export function encodeSegmentTrailer(trailer: SegmentTrailer): Uint8Array {
  const bytes = new Uint8Array(segmentTrailerBytes)
  const view = viewOf(bytes)
  view.setUint32(0, magic, true)
  bytes.set(segmentIdBytes(trailer.segment), 8)
  setU64(view, 24, trailer.startOffset)
  setU64(view, 32, trailer.endOffset)
  setU64(view, 40, trailer.batchBytes)
  view.setUint32(48, trailer.batchCount, true)
  view.setUint32(52, trailer.indexCount, true)
  setU64(view, 56, trailer.maxTimestamp)
  setU64(view, 64, trailer.firstAppendTime)
  setU64(view, 72, trailer.lastAppendTime)
  view.setUint32(80, trailer.indexChecksum, true)
  view.setUint32(84, trailer.batchesChecksum, true)
  view.setUint32(4, crc32(bytes.subarray(8)), true)
  return bytes
}

/** Whether a trailer's checksum holds. Without it any end would be believed. */
export type TrailerHolds = (bytes: Uint8Array) => boolean
export const trailerHolds: TrailerHolds = (bytes) =>
  viewOf(bytes).getUint32(4, true) === crc32(bytes.subarray(8, segmentTrailerBytes))

/** @returns undefined where no trailer stands */
export function decodeSegmentTrailer(
  bytes: Uint8Array,
  holds: TrailerHolds = trailerHolds,
): SegmentTrailer | 'newer' | undefined {
  if (bytes.length !== segmentTrailerBytes) return undefined
  const view = viewOf(bytes)
  if (view.getUint32(0, true) !== magic || !holds(bytes)) return undefined
  if (!isZero(bytes, 88, segmentTrailerBytes)) return 'newer'
  const wide = [24, 32, 40, 56, 64, 72].map((at) => getU64(view, at))
  const [startOffset, endOffset, batchBytes, maxTimestamp, firstAppendTime, lastAppendTime] = wide
  if (startOffset === undefined || endOffset === undefined || batchBytes === undefined) return undefined
  if (maxTimestamp === undefined || firstAppendTime === undefined || lastAppendTime === undefined) return undefined
  return {
    segment: segmentIdFromBytes(bytes, 8),
    startOffset,
    endOffset,
    batchBytes,
    batchCount: view.getUint32(48, true),
    indexCount: view.getUint32(52, true),
    maxTimestamp,
    firstAppendTime,
    lastAppendTime,
    indexChecksum: view.getUint32(80, true),
    batchesChecksum: view.getUint32(84, true),
  }
}

/** What a sealed file's length must be, exactly. */
export function sealedFileBytes(preludeBytes: number, trailer: SegmentTrailer): number {
  const indexBytes = trailer.indexCount * indexEntryBytes
  return segmentHeaderBytes + preludeBytes + trailer.batchBytes + indexBytes + segmentTrailerBytes
}
