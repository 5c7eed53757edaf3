import { crc32 as zlibCrc32 } from 'node:zlib'

/** CRC-32 (IEEE 802.3), chained through its seed. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  // zlib answers 0, whatever the seed, for an array without memory; not every empty array has some.
  return bytes.length === 0 ? seed : zlibCrc32(bytes, seed)
}
