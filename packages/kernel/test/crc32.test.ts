import { describe, expect, it } from 'vitest'
import { crc32 as nodeCrc32 } from '../src/crc32-node.ts'
import { crc32 as tableCrc32 } from '../src/crc32-table.ts'
import { SeededRandom } from '../src/seeded-random.ts'
import { encodeUtf8 } from '../src/utf8.ts'

describe.each([
  ['zlib', nodeCrc32],
  ['table', tableCrc32],
])('CRC-32 (%s)', (_name, crc32) => {
  it('gives the check value of the catalogue of CRC algorithms', () => {
    expect(crc32(encodeUtf8('123456789'))).toBe(0xcbf43926)
  })

  it('of nothing is its seed', () => {
    expect(crc32(new Uint8Array(0))).toBe(0)
    expect(crc32(new Uint8Array(0), 77)).toBe(77)
    expect(crc32(new Uint8Array(new Uint8Array(0)), 77)).toBe(77)
    expect(crc32(new Uint8Array(4).slice(4), 77)).toBe(77)
  })

  it('chains: the checksum of a whole is that of its parts, one seeding the next', () => {
    const bytes = new SeededRandom(1).bytes(1000)
    for (const cut of [0, 1, 7, 8, 9, 500, 999, 1000]) {
      expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(crc32(bytes))
    }
  })
})

it('both implementations agree at every length and alignment', () => {
  const bytes = new SeededRandom(2).bytes(300)
  for (let from = 0; from < 9; from++) {
    for (let to = from; to < 300; to += 7) {
      const part = bytes.subarray(from, to)
      expect(tableCrc32(part)).toBe(nodeCrc32(part))
    }
  }
})
