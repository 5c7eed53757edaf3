import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDuration } from '../src/duration.ts'
import { formatPosition, isPositionText, parsePosition } from '../src/position.ts'
import { TextSlab } from '../src/producer/text-slab.ts'
import { parseAddress } from '../src/settings.ts'

describe('a duration', () => {
  it.each([
    ['500ms', 500],
    ['1.5s', 1500],
    ['15m', 900_000],
    ['12h', 43_200_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    [42, 42],
  ])('%s is %d ms', (text, ms) => expect(parseDuration(text, 'x')).toBe(ms))

  it.each(['', '5', '-1h', '1y', 'd', '1e3s', -1, 1.5, Number.NaN])('is refused: %s', (value) =>
    expect(() => parseDuration(value, 'retention')).toThrowError('retention'),
  )
})

describe('a position', () => {
  const offsets = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.maxSafeNat()), {
    minLength: 1,
    selector: ([range]) => range,
  })

  it('comes back from its text', () => {
    fc.assert(
      fc.property(offsets, (pairs) => {
        const position = { topic: '0123456789abcdef', offsets: new Map(pairs) }
        const text = formatPosition(position)
        expect(isPositionText(text)).toBe(true)
        expect(parsePosition(text)).toEqual(position)
      }),
    )
  })

  it.each(['', 'x', '0123456789abcdef:', '0123456789abcdef:1-2,1-3', '0123456789abcdef:1-99999999999999999'])(
    'is refused: %s',
    (text) => expect(() => parsePosition(text)).toThrowError('position'),
  )
})

describe('an address', () => {
  it.each([
    ['localhost', 'localhost', 2921],
    ['a.b:80', 'a.b', 80],
    ['[::1]:9', '::1', 9],
    ['ws://h:1/', 'h', 1],
  ])('%s', (text, host, port) => expect(parseAddress(text)).toEqual({ host, port }))

  it.each(['', ':1', 'a:0', 'a:65536', 'a b', 'http://a'])('is refused: %s', (text) =>
    expect(() => parseAddress(text)).toThrowError('host:port'),
  )
})

describe('a slab of texts', () => {
  it('encodes like the runtime, and never touches what it gave out', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ minLength: 200, maxLength: 300 }))),
        (texts) => {
          const slab = new TextSlab()
          const encoded = [...texts, ...texts, ...texts].map((text) => slab.encode(text))
          for (const [i, bytes] of encoded.entries()) {
            expect([...bytes]).toEqual([...new TextEncoder().encode(texts[i % texts.length])])
          }
        },
      ),
    )
  })
})
