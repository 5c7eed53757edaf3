import { describe, expect, it } from 'vitest'
import { murmur3 } from '../src/murmur3.ts'
import { encodeUtf8 } from '../src/utf8.ts'

// Vectors of the reference implementation (SMHasher's MurmurHash3_x86_32), as published by many ports.
const vectors: readonly (readonly [text: string, seed: number, hash: number])[] = [
  ['', 0, 0],
  ['', 1, 0x514e28b7],
  ['', 0xffffffff, 0x81f16f39],
  ['test', 0, 0xba6bd213],
  ['test', 0x9747b28c, 0x704b81dc],
  ['Hello, world!', 0, 0xc0363e43],
  ['Hello, world!', 0x9747b28c, 0x24884cba],
  ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
  ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
  ['aaaa', 0x9747b28c, 0x5a97808a],
  ['aaa', 0x9747b28c, 0x283e0130],
  ['aa', 0x9747b28c, 0x5d211726],
  ['a', 0x9747b28c, 0x7fa09ea6],
  ['abcd', 0x9747b28c, 0xf0478627],
]

describe('MurmurHash3 x86 32', () => {
  it.each(vectors)('hashes %j with seed %i as the reference does', (text, seed, hash) => {
    expect(murmur3(encodeUtf8(text), seed)).toBe(hash)
  })
})
