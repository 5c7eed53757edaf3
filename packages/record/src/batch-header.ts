import { crc32, invariant } from '@eastguard/kernel'
import { batchMagic, fieldAt, readU16, readU32, readU64, writeU32, writeU64 } from './batch-fields.ts'
import { batchBytesMax, batchHeaderBytes, columnHeaderBytes, recordCountMax } from './batch-limits.ts'
import { malformedBatch } from './errors.ts'

// The 72 bytes in front of every batch. The producer's checksum covers bytes 32 to the end; the leader stamps bytes 8
// to 27, which no producer's checksum covers, and seals them with a checksum of its own:
//
//   0       8                     28         32                                     72
//   │ magic │ base · time · stamp │ checksum │ count, hashes, producer, sizes, time │ body …
//   │ length│◄─── leader's ──────►│          │◄────── checksummed by the producer ─────────►

/** 0 none, 1 gzip, 2 LZ4 frame, 3 zstd. */
export type CodecId = 0 | 1 | 2 | 3

export interface BatchHeader {
  /** Bytes of the whole batch, header included. */
  readonly length: number
  /** Offset of the first record; 0 until stamped. */
  readonly baseOffset: number
  /** The leader's milliseconds since 1970; 0 until stamped. */
  readonly appendTime: number
  readonly stampChecksum: number
  /** The producer's, over bytes 32 to the end. */
  readonly checksum: number
  readonly codec: CodecId
  /** 0xFFFF when not idempotent. */
  readonly producerEpoch: number
  readonly recordCount: number
  /** Both inclusive. No keyed record: first is 0xFFFFFFFF and last is 0. */
  readonly keyHashFirst: number
  readonly keyHashLast: number
  /** Eight bytes, a copy; undefined when not idempotent. */
  readonly producerId: Uint8Array | undefined
  /** 0xFFFFFFFF when not idempotent. */
  readonly sequence: number
  /** Bytes of the body before the codec. */
  readonly bodyBytes: number
  /** The largest timestamp of a record. */
  readonly maxTimestamp: number
}

/**
 * The fields, each within its bounds. Does not touch the body and proves no checksum: see `checkBatch`.
 * @param bytes borrowed; may be shorter or longer than the batch, but holds its header
 * @throws EG_BATCH_MALFORMED (fix-call)
 */
export function readBatchHeader(bytes: Uint8Array): BatchHeader {
  if (bytes.length < batchHeaderBytes) {
    throw malformedBatch(`${bytes.length} bytes are shorter than a header`, { bytes: bytes.length })
  }
  const length = peekBatchLength(bytes, 0)
  const recordCount = batchRecordCount(bytes)
  if (recordCount < 1 || recordCount > recordCountMax) {
    throw malformedBatch(`record count is ${recordCount}, must be 1 to ${recordCountMax}`, { recordCount })
  }
  const baseOffset = safeU64(bytes, fieldAt.baseOffset, 'base offset')
  if (!Number.isSafeInteger(baseOffset + recordCount)) {
    throw malformedBatch('its end offset is above 2^53 − 1', { baseOffset, recordCount })
  }
  const codec = readCodec(bytes)
  return {
    length,
    baseOffset,
    appendTime: safeU64(bytes, fieldAt.appendTime, 'append time'),
    stampChecksum: readU32(bytes, fieldAt.stampChecksum),
    checksum: batchChecksum(bytes),
    codec,
    recordCount,
    ...readKeyHashes(bytes),
    ...readProducer(bytes),
    bodyBytes: readBodyBytes(bytes, length, codec),
    maxTimestamp: safeU64(bytes, fieldAt.maxTimestamp, 'max timestamp'),
  }
}

/**
 * The header of one whole batch, its length and the producer's checksum proven. Says nothing about the stamp
 * (`isStampValid`) and does not open the body (`BatchReader`).
 * @param batch borrowed; exactly one batch
 * @throws EG_BATCH_MALFORMED (fix-call)
 */
export function checkBatch(batch: Uint8Array): BatchHeader {
  const header = readBatchHeader(batch)
  if (header.length !== batch.length) {
    throw malformedBatch(`its length says ${header.length}, ${batch.length} bytes are there`, {
      length: header.length,
      bytes: batch.length,
    })
  }
  const actual = producerChecksum(batch)
  if (actual !== header.checksum) {
    throw malformedBatch('the checksum does not hold: its bytes have changed', { expected: header.checksum, actual })
  }
  return header
}

/** The checksum that the producer owes: of bytes 32 to the end of `batch`. */
export function producerChecksum(batch: Uint8Array): number {
  return crc32(batch.subarray(fieldAt.attributes))
}

/**
 * Length of the batch that starts at `at`, to walk batches that stand back to back. It may reach beyond the end of
 * `bytes`: compare before taking it.
 * @throws EG_BATCH_MALFORMED (fix-call) when no batch can start here: fewer than 8 bytes, another magic or version, a
 * length that no batch has
 */
export function peekBatchLength(bytes: Uint8Array, at: number): number {
  if (!Number.isSafeInteger(at) || at < 0 || bytes.length - at < 8) {
    throw malformedBatch(`no batch can start at ${at}: ${bytes.length} bytes are there`, { at, bytes: bytes.length })
  }
  const magic = readU32(bytes, at)
  if (magic !== batchMagic) throw malformedBatch(`no batch of format 1 starts at ${at}`, { at, magic })
  const length = readU32(bytes, at + fieldAt.length)
  // H64: the prefix is checked before anybody reserves memory for it. Bodies have a byte or more, whatever the codec.
  if (length <= batchHeaderBytes || length > batchBytesMax) {
    throw malformedBatch(`length is ${length}, must be ${batchHeaderBytes + 1} to ${batchBytesMax}`, { at, length })
  }
  return length
}

/** Whether no leader has stamped it: bytes 8 to 27 are zeros. */
export function isUnstamped(batch: Uint8Array): boolean {
  for (let i = fieldAt.baseOffset; i < fieldAt.checksum; i++) if (batch[i] !== 0) return false
  return batch.length >= batchHeaderBytes
}

/**
 * Writes base offset, append time and stamp checksum into bytes 8 to 27, in place, and nothing else: the producer's
 * checksum stays true. A second stamp replaces the first.
 * @param batch checked before (`checkBatch`)
 * @param segmentId 16 bytes, borrowed: a batch that is found in another segment fails `isStampValid`
 */
export function stampBatch(batch: Uint8Array, segmentId: Uint8Array, baseOffset: number, appendTime: number): void {
  invariant(batch.length > batchHeaderBytes, 'a stamped batch has a header', { bytes: batch.length })
  const safe = Number.isSafeInteger(baseOffset + batchRecordCount(batch)) && Number.isSafeInteger(appendTime)
  invariant(safe && baseOffset >= 0 && appendTime >= 0, 'a stamp holds safe counts', { baseOffset, appendTime })
  writeU64(batch, fieldAt.baseOffset, baseOffset)
  writeU64(batch, fieldAt.appendTime, appendTime)
  writeU32(batch, fieldAt.stampChecksum, stampChecksum(batch, segmentId))
}

/** Whether a leader of this segment stamped it so: rot in the stamp, or a batch of another segment, gives false. */
export function isStampValid(batch: Uint8Array, segmentId: Uint8Array): boolean {
  return (
    batch.length > batchHeaderBytes &&
    !isUnstamped(batch) &&
    readU32(batch, fieldAt.stampChecksum) === stampChecksum(batch, segmentId)
  )
}

// Bare reads at fixed places, for batches that were checked before: O(1), no allocation, no bounds.

export function batchBaseOffset(bytes: Uint8Array, at = 0): number {
  return readU64(bytes, at + fieldAt.baseOffset)
}

export function batchAppendTime(bytes: Uint8Array, at = 0): number {
  return readU64(bytes, at + fieldAt.appendTime)
}

export function batchChecksum(bytes: Uint8Array, at = 0): number {
  return readU32(bytes, at + fieldAt.checksum)
}

export function batchRecordCount(bytes: Uint8Array, at = 0): number {
  return readU32(bytes, at + fieldAt.recordCount)
}

export function batchMaxTimestamp(bytes: Uint8Array, at = 0): number {
  return readU64(bytes, at + fieldAt.maxTimestamp)
}

// What the stamp's checksum covers, gathered: segment id, bytes 0 to 23, bytes 28 to 31. One call of crc32 costs less
// than three. Owned by `stampChecksum`, which never leaves it half-filled.
const stamped = new Uint8Array(16 + 24 + 4)

function stampChecksum(batch: Uint8Array, segmentId: Uint8Array): number {
  invariant(segmentId.length === 16, 'a segment id has 16 bytes', { bytes: segmentId.length })
  stamped.set(segmentId, 0)
  for (let i = 0; i < fieldAt.stampChecksum; i++) stamped[16 + i] = batch[i] ?? 0
  for (let i = 0; i < 4; i++) stamped[40 + i] = batch[fieldAt.checksum + i] ?? 0
  return crc32(stamped)
}

function safeU64(bytes: Uint8Array, at: number, name: string): number {
  const value = readU64(bytes, at)
  if (!Number.isSafeInteger(value)) throw malformedBatch(`${name} is above 2^53 − 1`, { at })
  return value
}

function readCodec(bytes: Uint8Array): CodecId {
  const attributes = readU16(bytes, fieldAt.attributes)
  if (attributes > 3) throw malformedBatch(`attributes ${attributes} belong to a newer format`, { attributes })
  return attributes as CodecId // 0 to 3, by the line above
}

function readKeyHashes(bytes: Uint8Array): { keyHashFirst: number; keyHashLast: number } {
  const keyHashFirst = readU32(bytes, fieldAt.keyHashFirst)
  const keyHashLast = readU32(bytes, fieldAt.keyHashLast)
  if (keyHashFirst > keyHashLast && (keyHashFirst !== 0xffffffff || keyHashLast !== 0)) {
    throw malformedBatch('the interval of key hashes is reversed', { keyHashFirst, keyHashLast })
  }
  return { keyHashFirst, keyHashLast }
}

/** Idempotent in all three fields, or in none. */
function readProducer(bytes: Uint8Array): Pick<BatchHeader, 'producerId' | 'producerEpoch' | 'sequence'> {
  const producerEpoch = readU16(bytes, fieldAt.producerEpoch)
  const sequence = readU32(bytes, fieldAt.sequence)
  const id = bytes.slice(fieldAt.producerId, fieldAt.producerId + 8)
  const none = id.every((byte) => byte === 0xff)
  if (none !== (producerEpoch === 0xffff) || none !== (sequence === 0xffffffff)) {
    throw malformedBatch('producer id, epoch and sequence disagree on being idempotent', { producerEpoch, sequence })
  }
  return { producerId: none ? undefined : id, producerEpoch, sequence }
}

function readBodyBytes(bytes: Uint8Array, length: number, codec: CodecId): number {
  const bodyBytes = readU32(bytes, fieldAt.bodyBytes)
  // H64: nobody inflates, or reserves, more than this.
  if (bodyBytes < columnHeaderBytes || bodyBytes > batchBytesMax) {
    throw malformedBatch(`body bytes are ${bodyBytes}, must be ${columnHeaderBytes} to ${batchBytesMax}`, { bodyBytes })
  }
  if (codec === 0 && length !== batchHeaderBytes + bodyBytes) {
    throw malformedBatch(`${bodyBytes} bytes of plain body do not make a length of ${length}`, { bodyBytes, length })
  }
  return bodyBytes
}
