import { crc32 } from '@eastguard/kernel'

/** A copy with some bytes replaced. */
export function withBytes(
  batch: Uint8Array,
  ...changes: readonly (readonly [at: number, bytes: ArrayLike<number>])[]
): Uint8Array {
  const copy = batch.slice()
  for (const [at, bytes] of changes) copy.set(bytes, at)
  return copy
}

/** Makes the producer's checksum true again, in place: what lies behind the checksum has to defend itself. */
export function withFixedChecksum(batch: Uint8Array): Uint8Array {
  new DataView(batch.buffer).setUint32(28, crc32(batch.subarray(32)), true)
  return batch
}
