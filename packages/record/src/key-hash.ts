import { murmur3 } from '@eastguard/kernel'

/** The place of a key in a topic's hash space: MurmurHash3 x86 32, seed 0. An empty key is a key; `null` has none. */
export function keyHash(key: Uint8Array | null): number | undefined {
  return key === null ? undefined : murmur3(key)
}
