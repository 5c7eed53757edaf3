import { gzipSync } from 'node:zlib'
import { isEastGuardError } from '@eastguard/kernel'
import { gzipCodec } from '@eastguard/node'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BatchReader, checkBatch, peekBatchLength, readBatchHeader } from '../src/index.ts'
import { buildGolden, goldenBatches } from './golden-batches.ts'
import { withBytes, withFixedChecksum } from './mutation.ts'

const malformed = expect.objectContaining({ code: 'EG_BATCH_MALFORMED', remedy: 'fix-call' })
const batches = goldenBatches.map(buildGolden)

/** Runs `open`; anything but success and EG_BATCH_MALFORMED fails the test. */
function survives(open: () => void): boolean {
  try {
    open()
    return true
  } catch (error) {
    if (isEastGuardError(error, 'EG_BATCH_MALFORMED', 'EG_CODEC_UNAVAILABLE')) return false
    throw error
  }
}

/** Reads everything, backwards too; a batch of a million records is sampled. */
function readAll(batch: Uint8Array): void {
  const reader = BatchReader.open(batch)
  const step = Math.max(1, Math.floor(reader.recordCount / 500))
  for (let i = reader.recordCount - 1; i >= 0; i -= step) {
    const { key, value, headers, timestamp } = reader.record(i)
    expect(timestamp).toBeGreaterThanOrEqual(0)
    for (const piece of [key, value, ...headers.map((header) => header.value)]) {
      if (piece === null || piece.length === 0) continue
      // Never outside: every view lies in the batch's own bytes.
      expect(piece.buffer).toBe(batch.buffer)
      expect(piece.byteOffset).toBeGreaterThanOrEqual(batch.byteOffset)
      expect(piece.byteOffset + piece.length).toBeLessThanOrEqual(batch.byteOffset + batch.length)
    }
  }
}

/** The batch inside a larger buffer of other bytes, where a read outside would find something. */
function embedded(batch: Uint8Array): Uint8Array {
  const around = new Uint8Array(batch.length + 64).fill(0xee)
  around.set(batch, 32)
  return around.subarray(32, 32 + batch.length)
}

const extreme = fc.constantFrom(0, 1, 2, 4, 0x7f, 0x80, 0xff, 0xffff, 0x10000, 0x100000, 0x7fffffff, 0xffffffff)
const number = fc.oneof(extreme, fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 0xffffffff }))
// A field of header or columns and what to write there: 1, 2 or 4 bytes.
const places = [32, 36, 40, 44, 60, 64, 68, ...Array.from({ length: 8 }, (_, i) => 72 + 4 * i)]
const mutation = fc.record({
  at: fc.oneof(fc.constantFrom(...places), fc.integer({ min: 32, max: 200 })),
  size: fc.constantFrom(1, 2, 4),
  value: number,
})

function mutate(batch: Uint8Array, { at, size, value }: { at: number; size: number; value: number }): void {
  for (let i = 0; i < size && at + i < batch.length; i++) batch[at + i] = value >>> (8 * i)
}

describe('a hostile batch', () => {
  it('of random bytes is malformed, nothing worse', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (random, magic) => {
        const bytes = magic && random.length >= 4 ? withBytes(random, [0, [0x45, 0x47, 0x42, 1]]) : random
        for (const open of [readBatchHeader, checkBatch, BatchReader.open]) survives(() => open(bytes))
        survives(() => peekBatchLength(bytes, 0))
      }),
      { numRuns: 500 },
    )
  })

  it('with wrong fields and a true checksum is malformed, or opens to what is inside it', () => {
    let opened = 0
    let refused = 0
    fc.assert(
      fc.property(
        fc.constantFrom(...batches),
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        fc.option(fc.integer({ min: 72, max: 400 })),
        (golden, mutations, cut) => {
          const batch = cut === null ? golden.slice() : golden.slice(0, cut)
          for (const each of mutations) mutate(batch, each)
          // Lengths that agree, so that the mutation reaches what lies behind them.
          new DataView(batch.buffer).setUint32(4, batch.length, true)
          if (cut !== null) new DataView(batch.buffer).setUint32(60, batch.length - 72, true)
          if (survives(() => readAll(embedded(withFixedChecksum(batch))))) opened++
          else refused++
        },
      ),
      { numRuns: 3000 },
    )
    // Both ways out are used, or the mutations prove nothing.
    expect(Math.min(opened, refused)).toBeGreaterThan(100)
  })

  it('that claims a million records in forty bytes is refused before anything is reserved', () => {
    const batch = withBytes(buildGolden({ name: '', records: [...(goldenBatches[0]?.records ?? [])] }), [
      36,
      [0, 0, 16, 0],
    ])
    const before = process.memoryUsage().arrayBuffers
    expect(() => BatchReader.open(withFixedChecksum(batch))).toThrow(malformed)
    // A width that makes the column a million bytes long.
    expect(() => BatchReader.open(withFixedChecksum(withBytes(batch, [80, [1]], [84, [0, 0, 0, 0]])))).toThrow(
      malformed,
    )
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024)
  })

  it('with a byte too many behind its values, or one too few, is refused before a record is handed out', () => {
    for (const golden of batches) {
      for (const length of [golden.length - 1, golden.length + 1]) {
        const batch = withBytes(new Uint8Array(length), [0, golden.subarray(0, length)])
        new DataView(batch.buffer).setUint32(4, length, true)
        new DataView(batch.buffer).setUint32(60, length - 72, true)
        expect(() => BatchReader.open(withFixedChecksum(batch))).toThrow(malformed)
      }
    }
  })

  it('whose timestamp would be below 0 is refused', () => {
    const batch = buildGolden({ name: '', records: [{ key: null, value: null, headers: [], timestamp: 5 }] })
    expect(BatchReader.open(batch).timestamp(0)).toBe(5)
    const early = withFixedChecksum(withBytes(batch, [76, [6, 0, 0, 0]]))
    expect(() => BatchReader.open(early)).toThrow(malformed)
  })

  it.each<[string, number[]]>([
    ['no header', [0, 0]],
    ['a count without headers', [2, 0, 0, 0, 0, 0, 0, 0]],
    ['a name beyond its end', [1, 0, 9, 0, 0, 0, 0, 0]],
    ['a value beyond its end', [1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]],
    ['bytes behind its headers', [1, 0, 0, 0, 0, 0, 0, 0, 7]],
    ['a name that is not UTF-8', [1, 0, 1, 0, 0, 0, 0, 0, 0xff]],
    ['one byte', [1]],
  ])('with a header block of %s is refused when the headers are read', (_what, block) => {
    // A value of the same bytes, relabelled: the headers' constant takes the value's length.
    const value = new Uint8Array(block)
    const batch = buildGolden({ name: '', records: [{ key: null, value, headers: [], timestamp: 5 }] })
    const relabelled = withFixedChecksum(withBytes(batch, [92, [block.length]], [100, [0]]))
    const reader = BatchReader.open(relabelled)
    expect(reader.value(0)).toBe(null)
    expect(() => reader.headers(0)).toThrow(malformed)
  })

  it.each([-1, 1, 0.5, Number.NaN])('has no record %s', (i) => {
    const reader = BatchReader.open(batches[0] as Uint8Array) // one record
    expect(() => reader.record(i)).toThrow(expect.objectContaining({ code: 'EG_INVALID_ARGUMENT' }))
  })

  it('whose body inflates to another size, or is a bomb, or has an unknown codec, is refused', async () => {
    const plain = buildGolden({
      name: '',
      records: [{ key: null, value: new Uint8Array(4000), headers: [], timestamp: 5 }],
    })
    const packed = (body: Uint8Array, codec: number): Uint8Array => {
      const body2 = gzipSync(body)
      const batch = withBytes(new Uint8Array(72 + body2.length), [0, plain.subarray(0, 72)], [32, [codec]], [72, body2])
      new DataView(batch.buffer).setUint32(4, batch.length, true)
      return withFixedChecksum(batch)
    }
    const whole = plain.subarray(72)
    expect((await BatchReader.inflate(packed(whole, 1), [gzipCodec])).value(0)?.length).toBe(4000)
    for (const body of [whole.subarray(1), new Uint8Array(whole.length + 1), new Uint8Array(32 * 1024 * 1024)]) {
      await expect(BatchReader.inflate(packed(body, 1), [gzipCodec])).rejects.toThrow(malformed)
    }
    const unknown = expect.objectContaining({ code: 'EG_CODEC_UNAVAILABLE' })
    await expect(BatchReader.inflate(packed(whole, 3), [gzipCodec])).rejects.toThrow(unknown)
    expect(() => BatchReader.open(packed(whole, 1))).toThrow(unknown)
  })

  it('with a codec that breaks its promise on the size is refused all the same', async () => {
    const careless = { ...gzipCodec, decode: async () => new Uint8Array(10) }
    const batch = withBytes(batches[0] as Uint8Array, [32, [1]]) // one of many
    await expect(BatchReader.inflate(withFixedChecksum(batch), [careless])).rejects.toThrow(malformed)
  })
})
