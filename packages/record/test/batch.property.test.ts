import { isDeepStrictEqual } from 'node:util'
import { gzipCodec } from '@eastguard/node'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  BatchBuilder,
  BatchReader,
  batchBytesMax,
  checkBatch,
  isStampValid,
  keyHash,
  type Record,
  stampBatch,
} from '../src/index.ts'

const time = 1_700_000_000_000
const bytes = fc.oneof(
  { weight: 6, arbitrary: fc.uint8Array({ maxLength: 12 }) },
  { weight: 2, arbitrary: fc.integer({ min: 250, max: 260 }).map((size) => new Uint8Array(size).fill(size)) },
  { weight: 1, arbitrary: fc.integer({ min: 65_530, max: 65_540 }).map((size) => new Uint8Array(size).fill(size)) },
)
const plain = { noNullPrototype: true } as const
const record: fc.Arbitrary<Record> = fc.record(
  {
    key: fc.option(fc.oneof(bytes, fc.constantFrom(new Uint8Array(0), new Uint8Array([1])))),
    value: fc.option(bytes),
    headers: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      fc.array(fc.record({ name: fc.string({ unit: 'binary' }), value: fc.option(bytes) }, plain), { maxLength: 4 }),
    ),
    timestamp: fc.oneof(
      fc.constant(time),
      fc.integer({ min: 0, max: 300 }).map((age) => time - age),
      fc.integer({ min: 0, max: 70_000 }).map((age) => time - age),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((age) => time - age),
    ),
  },
  plain,
)
// Up to 200 records, often alike, so that columns of width 0 and the marks of 64 pieces both come up.
const records = fc
  .oneof(
    fc.array(record, { minLength: 1, maxLength: 8 }),
    fc.tuple(fc.array(record, { minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 200 })).map(
      ([few, count]) => Array.from({ length: count }, (_, i) => few[(i * i) % few.length] as Record), // an index below the length
    ),
  )
  .map((all) => all.slice(0, countBelow(all, 2_000_000)))

/** How many of the records, at least one, have fewer bytes than this. */
function countBelow(all: readonly Record[], bytesMax: number): number {
  let left = bytesMax
  const count = all.findIndex(({ key, value, headers }) => {
    for (const piece of [key, value, ...headers.map((header) => header.value)]) left -= piece?.length ?? 0
    return left < 0
  })
  return count === -1 ? all.length : Math.max(count, 1)
}

// One builder for all runs: what a batch leaves behind in its buffers would show in the next.
const builder = new BatchBuilder({ batchBytesMax })

function build(from: readonly Record[], by: BatchBuilder = builder): Uint8Array {
  for (const each of from) expect(by.tryAdd(each)).toBe(true)
  return by.build()
}

/** As `toEqual`, but a thousand times faster on large byte arrays. */
function expectSame(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected)
}

describe('any records', () => {
  it('come back as they were, in order and at random', () => {
    fc.assert(
      fc.property(records, fc.array(fc.nat(), { maxLength: 20 }), (all, picks) => {
        const reader = BatchReader.open(build(all))
        for (const pick of picks) {
          const i = pick % all.length
          expectSame(reader.record(i), all[i])
        }
        expectSame([...reader.records()], all)
        const lengths = all.map((_, i) => [reader.keyLength(i), reader.valueLength(i)])
        expectSame(
          lengths,
          all.map(({ key, value }) => [key?.length ?? -1, value?.length ?? -1]),
        )
      }),
      { numRuns: 150 },
    )
  })

  it('give the same bytes from a fresh builder as from a used one', () => {
    fc.assert(
      fc.property(records, (all) => {
        expect(Buffer.compare(build(all), build(all, new BatchBuilder({ batchBytesMax })))).toBe(0)
      }),
      { numRuns: 100 },
    )
  })

  it('announce their bytes at every step, and never pass the limit', () => {
    fc.assert(
      fc.property(records, fc.integer({ min: 105, max: 3000 }), (all, limit) => {
        const small = new BatchBuilder({ batchBytesMax: limit })
        const out: Record[] = []
        const close = (): void => {
          const announced = small.bytes
          const batch = small.build()
          expect(batch.length).toBe(announced)
          expect(batch.length).toBeLessThanOrEqual(limit)
          out.push(...BatchReader.open(batch).records())
        }
        const possible = all.filter((each) => {
          try {
            if (small.tryAdd(each)) return true
            close()
            expect(small.tryAdd(each)).toBe(true)
            return true
          } catch (error) {
            expect(error).toMatchObject({ code: 'EG_RECORD_TOO_LARGE' })
            return false
          }
        })
        if (small.recordCount > 0) close()
        expectSame(out, possible)
      }),
      { numRuns: 100 },
    )
  })

  it('come back from gzip', async () => {
    await fc.assert(
      fc.asyncProperty(records, async (all) => {
        for (const each of all) builder.tryAdd(each)
        const reader = await BatchReader.inflate(await builder.buildWith(gzipCodec), [gzipCodec])
        expectSame([...reader.records()], all)
      }),
      { numRuns: 40 },
    )
  })

  it('are found by the hash of their key', () => {
    fc.assert(
      fc.property(records, fc.uint8Array({ maxLength: 1 }), (all, wanted) => {
        const reader = BatchReader.open(build(all))
        const hash = keyHash(wanted) as number // only null has none
        const found: number[] = []
        for (let i = reader.findKey(hash); i >= 0; i = reader.findKey(hash, i + 1)) found.push(i)
        const expected = [...all.keys()].filter((i) => keyHash(all[i]?.key ?? null) === hash)
        expect(found).toEqual(expected)
        const hashes = all.flatMap(({ key }) => keyHash(key) ?? [])
        const { keyHashFirst, keyHashLast } = reader.header
        expect([keyHashFirst, keyHashLast]).toEqual(
          hashes.length === 0 ? [0xffffffff, 0] : [Math.min(...hashes), Math.max(...hashes)],
        )
      }),
    )
  })

  it('are refused after any flip of a bit, by the checksum or by the stamp', () => {
    const segmentId = new Uint8Array(16).fill(3)
    fc.assert(
      fc.property(records, fc.nat(), fc.integer({ min: 0, max: 7 }), (all, place, bit) => {
        const batch = build(all)
        stampBatch(batch, segmentId, 77, time)
        const at = place % batch.length
        batch[at] = (batch[at] ?? 0) ^ (1 << bit)
        const leader = at >= 8 && at < 28
        if (leader) expect(isStampValid(batch, segmentId)).toBe(false)
        else expect(() => checkBatch(batch)).toThrow(expect.objectContaining({ code: 'EG_BATCH_MALFORMED' }))
      }),
    )
  })
})
