import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { gzipCodec } from '../src/index.ts'

const body = new Uint8Array(100_000).map((_, i) => i % 7)
const malformed = expect.objectContaining({ code: 'EG_BATCH_MALFORMED', remedy: 'fix-call' })

describe('gzipCodec', () => {
  it('gives back what it was given, smaller on the way', async () => {
    const packed = await gzipCodec.encode(body)
    expect(packed.length).toBeLessThan(body.length / 10)
    const inflated = await gzipCodec.decode(packed, body.length)
    expect(inflated).toEqual(body)
    expect([packed.constructor, inflated.constructor]).toEqual([Uint8Array, Uint8Array])
  })

  it('refuses a body that inflates to fewer or more bytes than its header says', async () => {
    const packed = await gzipCodec.encode(body)
    for (const bodyBytes of [1, body.length - 1, body.length + 1]) {
      await expect(gzipCodec.decode(packed, bodyBytes)).rejects.toThrow(malformed)
    }
  })

  it('stops a bomb at the declared size', async () => {
    const bomb = gzipSync(new Uint8Array(64 * 1024 * 1024))
    const before = process.memoryUsage().arrayBuffers
    await expect(gzipCodec.decode(bomb, 1000)).rejects.toThrow(malformed)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024)
  })

  it('refuses bytes that are not gzip, end early, or have rotted', async () => {
    const packed = await gzipCodec.encode(body)
    const rotten = packed.slice()
    rotten[packed.length - 6] = ~(rotten[packed.length - 6] ?? 0) // its own CRC-32
    for (const bytes of [new Uint8Array(0), body, packed.subarray(0, packed.length - 1), rotten]) {
      await expect(gzipCodec.decode(bytes, body.length)).rejects.toThrow(malformed)
    }
  })
})
