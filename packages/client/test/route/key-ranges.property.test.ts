import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KeyRanges } from '../../src/route/key-ranges.ts'

const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 2 ** 32 - 1 }), { maxLength: 20 })

function intervals(at: readonly number[]): { range: number; keyHashFirst: number; keyHashLast: number }[] {
  const firsts = [0, ...at].toSorted((a, b) => a - b)
  return firsts.map((keyHashFirst, i) => ({
    range: 100 + i,
    keyHashFirst,
    keyHashLast: (firsts[i + 1] ?? 2 ** 32) - 1,
  }))
}

describe('key ranges', () => {
  it('find the one interval that holds a hash', () => {
    fc.assert(
      fc.property(cuts, fc.integer({ min: 0, max: 2 ** 32 - 1 }), (at, hash) => {
        const all = intervals(at)
        const holder = all.find(({ keyHashFirst, keyHashLast }) => hash >= keyHashFirst && hash <= keyHashLast)
        expect(KeyRanges.tile(all.toReversed())?.rangeOf(hash)).toBe(holder?.range)
      }),
    )
  })

  it('refuse a route with a gap or an overlap', () => {
    fc.assert(
      fc.property(cuts, fc.nat(), fc.boolean(), (at, pick, overlap) => {
        const all = intervals(at)
        const broken = overlap
          ? [...all, { range: 1, keyHashFirst: 7, keyHashLast: 7 }]
          : all.filter((_, i) => i !== pick % all.length)
        expect(KeyRanges.tile(broken)).toBeUndefined()
      }),
    )
  })
})
