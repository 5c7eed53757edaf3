import { crc32 } from './crc32.ts'
import { invariant } from './invariant.ts'
import { murmur3 } from './murmur3.ts'
import type { Random } from './ports.ts'
import { encodeUtf8 } from './utf8.ts'

/**
 * Repeatable pseudo-randomness: xoshiro128** 1.1 (Blackman and Vigna, 2018), its four words filled from the seed by
 * SplitMix32. Not for secrets.
 *
 * A fork depends on the seed and the label alone, not on the draws so far: one more draw in one place shifts nothing
 * in another.
 */
export class SeededRandom implements Random {
  readonly #seed: number
  readonly #state: Uint32Array

  /** @param seed any safe integer from 0 */
  constructor(seed: number) {
    invariant(Number.isSafeInteger(seed) && seed >= 0, 'a seed is a safe integer from 0', { seed })
    this.#seed = seed
    this.#state = fill(seed)
  }

  uint32(): number {
    const s = this.#state
    // A Uint32Array of length four: the indexes 0 to 3 are always there.
    const s0 = s[0] as number
    const s1 = s[1] as number
    const s2 = (s[2] as number) ^ s0
    const s3 = (s[3] as number) ^ s1
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0
    s[1] = s1 ^ s2
    s[0] = s0 ^ s3
    s[2] = s2 ^ (s1 << 9)
    s[3] = rotateLeft(s3, 11)
    return result
  }

  /** Unbiased: draws again where a plain remainder would favour small numbers. */
  below(bound: number): number {
    invariant(Number.isSafeInteger(bound) && bound > 0, 'a bound is a safe integer above 0', { bound })
    if (bound <= 2 ** 32) {
      const limit = 2 ** 32 - (2 ** 32 % bound)
      for (;;) {
        const draw = this.uint32()
        if (draw < limit) return draw % bound
      }
    }
    const limit = 2 ** 53 - (2 ** 53 % bound)
    for (;;) {
      const draw = this.#bits53()
      if (draw < limit) return draw % bound
    }
  }

  unit(): number {
    return this.#bits53() / 2 ** 53
  }

  bytes(count: number): Uint8Array {
    const out = new Uint8Array(count)
    for (let i = 0; i < count; i += 4) {
      let draw = this.uint32()
      for (let j = i; j < Math.min(i + 4, count); j++) {
        out[j] = draw & 0xff
        draw >>>= 8
      }
    }
    return out
  }

  fork(label: string): SeededRandom {
    const text = encodeUtf8(`${this.#seed}/${label}`)
    return new SeededRandom(murmur3(text) + (crc32(text) & 0x1fffff) * 2 ** 32)
  }

  #bits53(): number {
    return (this.uint32() >>> 5) * 2 ** 26 + (this.uint32() >>> 6)
  }
}

function fill(seed: number): Uint32Array {
  const state = new Uint32Array(4)
  let x = ((seed % 2 ** 32) ^ Math.imul(Math.floor(seed / 2 ** 32), 0x9e3779b1)) | 0
  for (let i = 0; i < 4; i++) {
    x = (x + 0x9e3779b9) | 0
    let z = x ^ (x >>> 16)
    z = Math.imul(z, 0x21f0aaad)
    z ^= z >>> 15
    z = Math.imul(z, 0x735a2d97)
    state[i] = z ^ (z >>> 15)
  }
  return state
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
