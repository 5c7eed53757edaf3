import { isEastGuardError } from '@eastguard/kernel'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { controlItemCountMax, scanControlBody, splitMessage } from '../src/index.ts'
import { samples } from './samples.ts'

// P12: any bytes cause at most an error to their sender.

type Mutation = { readonly at: number; readonly byte: number; readonly kind: 'set' | 'cut' | 'insert' | 'flip' }

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(),
  byte: fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(0xc1, 0xc7, 0xd4, 0xd6, 0xdb, 0xdd, 0xdf, 0xff, 0x91),
  ),
  kind: fc.constantFrom('set', 'cut', 'insert', 'flip'),
})

function mutate(bytes: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  let mutated = [...bytes]
  for (const { at, byte, kind } of mutations) {
    const place = mutated.length === 0 ? 0 : at % mutated.length
    if (kind === 'set') mutated[place] = byte
    if (kind === 'flip') mutated[place] = (mutated[place] ?? 0) ^ (1 << (byte % 8))
    if (kind === 'cut') mutated = mutated.slice(0, place)
    if (kind === 'insert') mutated.splice(place, 0, byte)
  }
  return Uint8Array.from(mutated)
}

/** Runs a decoder. Anything but a value or an EastGuardError is a failure. */
function attempt(decode: () => unknown): void {
  try {
    decode()
  } catch (error) {
    if (!isEastGuardError(error)) throw error
    expect(error.code).toMatch(/^EG_(MALFORMED|FRAME_TOO_LARGE)$/)
  }
}

const entries = Object.entries(samples)

describe('decoders', () => {
  it.each(entries)('%s: mutated golden bytes give a value or an EastGuardError', (_name, sample) => {
    const golden = sample.encode()
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        attempt(() => sample.decode(mutate(golden, mutations)))
      }),
      { numRuns: 150 },
    )
  })

  it('any bytes give a value or an EastGuardError, from every decoder', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        attempt(() => splitMessage(bytes, 4096))
        for (const [, sample] of entries) attempt(() => sample.decode(bytes))
      }),
    )
  })

  it('a body of one message in the decoder of any other changes no prototype', () => {
    for (const [, sample] of entries) for (const [, other] of entries) attempt(() => other.decode(sample.encode()))
    expect(Object.keys(Object.prototype)).toEqual([])
    expect(({} as { admin?: unknown }).admin).toBeUndefined()
  })

  it('the scan never takes more steps than there are bytes, and never more than its bound', () => {
    fc.assert(
      fc.property(fc.array(mutation, { maxLength: 4 }), fc.constantFrom(...entries), (mutations, [, sample]) => {
        const bytes = mutate(sample.encode(), mutations)
        attempt(() => {
          const { itemCount } = scanControlBody(bytes)
          expect(itemCount).toBeLessThanOrEqual(Math.min(bytes.length, controlItemCountMax))
        })
      }),
    )
  })
})
