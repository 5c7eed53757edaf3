import { Packr } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import {
  controlDepthMax,
  controlItemCountMax,
  decodeControlBody,
  encodeControlBody,
  scanControlBody,
} from '../src/index.ts'

/** Bytes from hex, with `…` repeated by the caller. */
function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
}

/** `{ a: [[[…]]] }` of so many levels, the map included. */
function nested(depth: number): Uint8Array {
  return bytes(`81 a161 ${'91'.repeat(depth - 1)} c0`)
}

describe('a control body is refused before it is decoded', () => {
  it.each([
    ['nothing', '', /is a map/],
    ['no map', '93 01 02 03', /is a map/],
    ['a map that is not whole', '82 a161 01', /items do not fit|bytes wanted/],
    ['bytes after the map', '81 a161 01 00', /1 bytes after the map/],
    ['extension −1, which the decoder would make a Date (H71)', '81 a161 d6ff 00000000', /extension/],
    ['a fixed extension', '81 a161 d4 00 00', /extension/],
    ['an extension with a length', '81 a161 c7 01 ff 00', /extension/],
    ['the type byte that is never used', '81 a161 c1', /0xc1/],
    ['a list that claims 2^32 − 1 entries (H64)', '81 a161 dd ffffffff', /do not fit/],
    ['a map that claims 2^32 − 1 entries', 'df ffffffff', /do not fit/],
    ['a string that claims 4 GB', '81 a161 db ffffffff 61', /bytes wanted/],
    ['bytes that claim 4 GB', '81 a161 c6 ffffffff 61', /bytes wanted/],
    ['a key that is a number', '81 01 01', /key is not a string/],
    ['a key that is a list', '81 91 a161 01', /key is not a string/],
    ['a key that comes twice', '82 a161 01 a161 02', /"a" comes twice/],
    ['a prototype', `81 a9 ${Buffer.from('__proto__').toString('hex')} 81 a161 01`, /__proto__/],
    ['a prototype further down', `81 a161 81 a9 ${Buffer.from('__proto__').toString('hex')} 80`, /__proto__/],
    ['a string that is not UTF-8', '81 a161 a2 c328', /not UTF-8/],
    ['an overlong string', '81 a161 a2 c080', /not UTF-8/],
    ['a surrogate', '81 a161 a3 eda080', /not UTF-8/],
    ['2^53', '81 a161 cf 0020000000000000', /2\^53/],
    ['−2^53', '81 a161 d3 ffe0000000000000', /2\^53/],
  ])('%s', (_name, hex, why) => {
    expect(() => scanControlBody(bytes(hex))).toThrow(why)
    expect(() => decodeControlBody(bytes(hex), 'X')).toThrow(why)
    expect(() => decodeControlBody(bytes(hex), 'X')).toThrow(
      expect.objectContaining({ code: 'EG_MALFORMED', remedy: 'fix-call' }),
    )
  })

  it('one that is too deep: the bound, and ten million levels', () => {
    expect(scanControlBody(nested(controlDepthMax)).depth).toBe(controlDepthMax)
    expect(() => scanControlBody(nested(controlDepthMax + 1))).toThrow(/deeper than 16/)
    const deep = new Uint8Array(10_000_000).fill(0x91)
    deep.set(bytes('81 a161'))
    expect(() => scanControlBody(deep)).toThrow(/deeper than 16/)
  })

  it('one of too many items: the bound, and one more', () => {
    const list = (count: number): Uint8Array => {
      const body = new Uint8Array(8 + count)
      body.set(bytes('81 a161 dd'))
      new DataView(body.buffer).setUint32(4, count)
      return body
    }
    // The map, its key and the list are items too.
    expect(scanControlBody(list(controlItemCountMax - 3)).itemCount).toBe(controlItemCountMax)
    expect(() => scanControlBody(list(controlItemCountMax - 2))).toThrow(/more than 65536 items/)
  })

  it('the decoder alone would have made a Date, and overflowed the stack (H71)', () => {
    const naive = new Packr({ useRecords: false })
    expect(naive.unpack(bytes('81 a161 d6ff 00000000')).a).toBeInstanceOf(Date)
    expect(() => naive.unpack(nested(200_000))).toThrow(RangeError)
  })
})

describe('a control body', () => {
  it('carries every integer up to 2^53 − 1, in any encoding of a peer', () => {
    const whole = [0, 127, 128, 255, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]
    for (const value of whole) {
      expect(decodeControlBody(encodeControlBody({ value }), 'X').uint('value')).toBe(value)
    }
    expect(decodeControlBody(bytes('81 a161 cf 001fffffffffffff'), 'X').uint('a')).toBe(2 ** 53 - 1)
    expect(decodeControlBody(bytes('81 a161 d3 0000000100000000'), 'X').uint('a')).toBe(2 ** 32)
    expect(decodeControlBody(bytes('de 0001 d9 01 61 d2 00000005'), 'X').uint('a')).toBe(5)
  })

  it('leaves out what is undefined, also further down, and mends broken strings', () => {
    const body = encodeControlBody({ a: undefined, b: { c: undefined, d: '\ud800' }, e: [{ f: undefined }] })
    const fields = decodeControlBody(body, 'X')
    expect(fields.has('a')).toBe(false)
    expect(fields.map('b').has('c')).toBe(false)
    expect(fields.map('b').string('d', 10)).toBe('\ufffd')
  })

  it('has its own fields only, not those of an object', () => {
    const fields = decodeControlBody(encodeControlBody({}), 'X')
    expect(fields.has('constructor')).toBe(false)
    expect(() => fields.string('constructor', 10)).toThrow(/X\.constructor must be there/)
  })

  it('hands out bytes that do not pin the message', () => {
    const message = encodeControlBody({ id: new Uint8Array([1, 2]) })
    const id = decodeControlBody(message, 'X').bytes('id', 2)
    message.fill(0)
    expect(id).toEqual(new Uint8Array([1, 2]))
    expect(id.buffer.byteLength).toBe(2)
    expect(encodeControlBody({ a: 1 }).buffer.byteLength).toBe(4)
  })

  it.each([
    ['uint', { n: -1 }],
    ['uint', { n: 1.5 }],
    ['uint', { n: '1' }],
    ['uint', { n: null }],
    ['uint', {}],
    ['string', { n: 'x'.repeat(11) }],
    ['string', { n: 5 }],
    ['hex', { n: 'ABCD' }],
    ['hex', { n: 'abc' }],
    ['map', { n: [1] }],
    ['map', { n: null }],
    ['boolean', { n: 1 }],
    ['strings', { n: 'a' }],
    ['strings', { n: [1] }],
    ['strings', { n: ['a', 'b', 'c'] }],
    ['uints', { n: [1.5] }],
    ['maps', { n: [3] }],
    ['segmentId', { n: '0-1-2' }],
  ] as const)('refuses a wrong field by name: %s %j', (method, map) => {
    const fields = decodeControlBody(encodeControlBody(map), 'Sample')
    const read = {
      uint: () => fields.uint('n', { max: 10 }),
      string: () => fields.string('n', 10),
      hex: () => fields.hex('n', 4),
      map: () => fields.map('n'),
      boolean: () => fields.boolean('n'),
      strings: () => fields.strings('n', 2, 10),
      uints: () => fields.uints('n', 2, 10),
      maps: () => fields.maps('n', 2, () => 0),
      segmentId: () => fields.segmentId('n'),
    }[method]
    expect(read).toThrow(/Sample\.n/)
    expect(read).toThrow(expect.objectContaining({ code: 'EG_MALFORMED' }))
  })
})
