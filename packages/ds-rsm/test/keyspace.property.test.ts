import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buddyOf, equalPieces, halves, type Piece, tilesSpace } from '../src/index.ts'

const node: fc.Arbitrary<Piece> = fc
  .tuple(fc.integer({ min: 0, max: 32 }), fc.nat({ max: 2 ** 31 - 1 }))
  .map(([level, place]) => {
    const width = 2 ** (32 - level)
    const first = (place % 2 ** level) * width
    return { first, last: first + width - 1 }
  })

describe('the keyspace', () => {
  it('is tiled by equal pieces of any power of two', () => {
    for (const count of [1, 2, 16, 4_096]) expect(tilesSpace(equalPieces(count))).toBe(true)
    expect(equalPieces(2)).toEqual([
      { first: 0, last: 0x7fff_ffff },
      { first: 0x8000_0000, last: 0xffff_ffff },
    ])
    expect(() => equalPieces(3)).toThrow('a power of two pieces')
  })

  it('is not tiled where there is a gap, an overlap or an end', () => {
    const [low, high] = equalPieces(2) as [Piece, Piece]
    expect(tilesSpace([high, low])).toBe(true)
    for (const pieces of [[], [low], [high], [low, low, high], [{ ...low, last: low.last - 1 }, high]]) {
      expect(tilesSpace(pieces)).toBe(false)
    }
  })

  it('halves are buddies, and tile what they came from', () => {
    fc.assert(
      fc.property(node, (piece) => {
        const children = halves(piece)
        if (children === undefined) {
          expect(piece.first).toBe(piece.last)
          return
        }
        const [low, high] = children
        expect([low.first, low.last + 1, high.last]).toEqual([piece.first, high.first, piece.last])
        expect([buddyOf(low), buddyOf(high)]).toEqual([high, low])
      }),
    )
    expect(buddyOf({ first: 0, last: 2 ** 32 - 1 })).toBeUndefined()
  })
})
