import { crc32 as zlibCrc32 } from 'node:zlib'

/** CRC-32 (IEEE 802.3), chained through its seed. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  return zlibCrc32(bytes, seed)
}
