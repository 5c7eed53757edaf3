/**
 * MurmurHash3 x86 32 (Austin Appleby, public domain): the hash of topic names and record keys.
 * @returns an unsigned 32-bit number
 */
export function murmur3(bytes: Uint8Array, seed = 0): number {
  const length = bytes.length
  const blocksEnd = length - (length % 4)
  let h = seed | 0
  for (let i = 0; i < blocksEnd; i += 4) {
    // Indexes below `length` are always there.
    const block =
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24)
    h ^= scramble(block)
    h = (h << 13) | (h >>> 19)
    h = (Math.imul(h, 5) + 0xe6546b64) | 0
  }
  let tail = 0
  for (let i = length - 1; i >= blocksEnd; i--) tail = (tail << 8) | (bytes[i] as number)
  if (length > blocksEnd) h ^= scramble(tail)
  return finalMix(h ^ length)
}

function scramble(block: number): number {
  const k = Math.imul(block, 0xcc9e2d51)
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593)
}

function finalMix(hash: number): number {
  let h = hash
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  h ^= h >>> 16
  return h >>> 0
}
