import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { gzipCodec } from '@eastguard/node'
import { describe, expect, it } from 'vitest'
import { BatchBuilder, BatchReader, batchBytesMax, checkBatch, isStampValid, isUnstamped } from '../src/index.ts'
import { buildGolden, goldenBatches, gzipRecords } from './golden-batches.ts'

// Rows of sixteen bytes. With EASTGUARD_GOLDEN=write missing files are written; review them by hand against the layout.
function golden(name: string, make: () => Uint8Array): Uint8Array {
  const file = new URL(`../testdata/${name}.hex`, import.meta.url)
  if (process.env['EASTGUARD_GOLDEN'] === 'write' && !existsSync(file)) writeFileSync(file, toHex(make()))
  return new Uint8Array(Buffer.from(readFileSync(file, 'utf8').replaceAll(/\s/g, ''), 'hex'))
}

function toHex(bytes: Uint8Array): string {
  const pairs = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
  const rows = Array.from({ length: Math.ceil(pairs.length / 16) }, (_, row) => pairs.slice(row * 16, row * 16 + 16))
  return `${rows.map((row) => row.join(' ')).join('\n')}\n`
}

describe.each(goldenBatches)('golden batch $name', (batch) => {
  const bytes = golden(batch.name, () => buildGolden(batch))

  it('is what the builder builds, byte for byte', () => {
    expect(toHex(buildGolden(batch))).toBe(toHex(bytes))
  })

  it('opens to its records', () => {
    expect([...BatchReader.open(bytes).records()]).toEqual(batch.records)
  })
})

it('the golden stamp is its own, and the others have none', () => {
  for (const batch of goldenBatches) {
    const bytes = golden(batch.name, () => buildGolden(batch))
    expect(isUnstamped(bytes)).toBe(batch.stamp === undefined)
    if (batch.stamp === undefined) continue
    const { baseOffset, appendTime } = checkBatch(bytes)
    expect({ baseOffset, appendTime, segmentId: batch.stamp.segmentId }).toEqual(batch.stamp)
    expect(isStampValid(bytes, batch.stamp.segmentId)).toBe(true)
  }
})

it('the golden gzip batch inflates to its records, and so does one that is built now', async () => {
  const builder = new BatchBuilder({ batchBytesMax })
  for (const record of gzipRecords) builder.tryAdd(record)
  const plainBytes = builder.bytes
  const built = await builder.buildWith(gzipCodec)
  expect(built.length).toBeLessThan(plainBytes)
  for (const bytes of [golden('gzip', () => built), built]) {
    const reader = await BatchReader.inflate(bytes, [gzipCodec])
    expect(reader.header.codec).toBe(1)
    expect(72 + reader.header.bodyBytes).toBe(plainBytes)
    expect([...reader.records()]).toEqual(gzipRecords)
  }
})
