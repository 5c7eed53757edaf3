// The places of the header's fields (PROTOCOL, "Batch"), and bare reads and writes of little-endian numbers. Reads
// beyond the end give 0, never an exception of the runtime: callers check the length first.

export const fieldAt = {
  length: 4,
  baseOffset: 8,
  appendTime: 16,
  stampChecksum: 24,
  checksum: 28,
  attributes: 32,
  producerEpoch: 34,
  recordCount: 36,
  keyHashFirst: 40,
  keyHashLast: 44,
  producerId: 48,
  sequence: 56,
  bodyBytes: 60,
  maxTimestamp: 64,
} as const

/** `EGB`, version 1, read as one little-endian number. */
export const batchMagic = 0x01424745

export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
}

export function readU32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0
  )
}

/** Not checked to be a safe integer: see `readBatchHeader`. */
export function readU64(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at) + readU32(bytes, at + 4) * 2 ** 32
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}

export function writeU64(bytes: Uint8Array, at: number, value: number): void {
  writeU32(bytes, at, value % 2 ** 32)
  writeU32(bytes, at + 4, Math.floor(value / 2 ** 32))
}
