import { encodeUtf8 } from '@eastguard/kernel'
import { describe, expect, it } from 'vitest'
import { BatchBuilder, BatchReader, batchBytesMax, type Record, stampBatch } from '../src/index.ts'

const time = 1_750_000_000_000
const record = (change: Partial<Record> = {}): Record => ({
  key: null,
  value: encodeUtf8('v'),
  headers: [],
  timestamp: time,
  ...change,
})

describe('BatchBuilder', () => {
  it('says beforehand how many bytes it will build', () => {
    const builder = new BatchBuilder({ batchBytesMax })
    expect(builder.bytes).toBe(0)
    for (const size of [0, 3, 255, 256, 65_535, 70_000]) {
      expect(builder.tryAdd(record({ value: new Uint8Array(size), timestamp: time - size }))).toBe(true)
    }
    const bytes = builder.bytes
    expect(builder.build().length).toBe(bytes)
    expect([builder.recordCount, builder.bytes]).toEqual([0, 0])
  })

  it('refuses the byte beyond its limit, takes the byte below, and keeps what it has', () => {
    const builder = new BatchBuilder({ batchBytesMax: 400 })
    expect(builder.tryAdd(record({ value: new Uint8Array(100) }))).toBe(true)
    // 104 fixed, and two column bytes once the sizes differ.
    const left = 400 - 104 - 100 - 2
    expect(builder.tryAdd(record({ value: new Uint8Array(left + 1) }))).toBe(false)
    expect(builder.bytes).toBe(204)
    expect(builder.tryAdd(record({ value: new Uint8Array(left) }))).toBe(true)
    expect(BatchReader.open(builder.build()).header.length).toBe(400)
  })

  it('refuses a record that no batch can hold, and says the limit', () => {
    const builder = new BatchBuilder({ batchBytesMax: 400 })
    builder.tryAdd(record())
    expect(() => builder.tryAdd(record({ value: new Uint8Array(297) }))).toThrow(
      expect.objectContaining({ code: 'EG_RECORD_TOO_LARGE', facts: { bytes: 401, limit: 400 } }),
    )
    expect(builder.recordCount).toBe(1)
  })

  it('starts a new batch when timestamps span more than 2^32 − 1 ms', () => {
    const builder = new BatchBuilder({ batchBytesMax })
    expect(builder.tryAdd(record({ timestamp: time }))).toBe(true)
    expect(builder.tryAdd(record({ timestamp: time - 2 ** 32 }))).toBe(false)
    expect(builder.tryAdd(record({ timestamp: time - (2 ** 32 - 1) }))).toBe(true)
    const reader = BatchReader.open(builder.build())
    expect([reader.timestamp(0), reader.timestamp(1)]).toEqual([time, time - (2 ** 32 - 1)])
  })

  it('starts a new batch above 1,048,576 records', () => {
    const builder = new BatchBuilder({ batchBytesMax })
    const empty = record({ value: null })
    let taken = 0
    while (builder.tryAdd(empty)) taken++
    expect(taken).toBe(1_048_576)
    expect(builder.build().length).toBe(104)
  })

  it.each([-1, 0.5, Number.NaN, 2 ** 53])('refuses the timestamp %s, first or between others', (timestamp) => {
    const builder = new BatchBuilder({ batchBytesMax })
    for (const others of [[], [0, 1]]) {
      for (const other of others) builder.tryAdd(record({ timestamp: other }))
      expect(() => builder.tryAdd(record({ timestamp }))).toThrow(
        expect.objectContaining({ code: 'EG_INVALID_ARGUMENT' }),
      )
      expect(builder.recordCount).toBe(others.length)
    }
  })

  it('builds the next batch in the memory of one that was given back, with the bytes of a fresh one', () => {
    const builder = new BatchBuilder({ batchBytesMax })
    const add = (to: BatchBuilder, fill: number): void => {
      for (let i = 0; i < 100; i++)
        to.tryAdd(record({ key: new Uint8Array(4).fill(fill), value: new Uint8Array(1000) }))
    }
    add(builder, 1)
    const first = builder.build()
    stampBatch(first, new Uint8Array(16), 5, 6)
    builder.recycle(first)
    add(builder, 2)
    const second = builder.build()
    expect(second.buffer).toBe(first.buffer)
    add(builder, 3)
    expect(builder.build().buffer).not.toBe(first.buffer)
    const fresh = new BatchBuilder({ batchBytesMax })
    add(fresh, 2)
    expect(Buffer.compare(second, fresh.build())).toBe(0)
  })

  it('refuses more headers and longer names than a header block can say', () => {
    const builder = new BatchBuilder({ batchBytesMax })
    const many = Array.from({ length: 65_536 }, () => ({ name: '', value: null }))
    const long = [{ name: 'n'.repeat(65_536), value: null }]
    for (const headers of [many, long]) {
      expect(() => builder.tryAdd(record({ headers }))).toThrow(
        expect.objectContaining({ code: 'EG_INVALID_ARGUMENT' }),
      )
    }
    expect(builder.tryAdd(record({ headers: many.slice(1) }))).toBe(true)
  })

  it('refuses limits that no batch has, and an empty batch', () => {
    for (const bytes of [0, 104, batchBytesMax + 1, 1000.5]) {
      expect(() => new BatchBuilder({ batchBytesMax: bytes })).toThrow(
        expect.objectContaining({ code: 'EG_INVALID_ARGUMENT' }),
      )
    }
    expect(() => new BatchBuilder({ batchBytesMax }).build()).toThrow(
      expect.objectContaining({ code: 'EG_INVALID_ARGUMENT' }),
    )
  })

  it('copies: what the caller does with its buffers afterwards changes nothing', () => {
    const builder = new BatchBuilder({ batchBytesMax })
    const shared = encodeUtf8('before')
    builder.tryAdd(record({ key: shared, value: shared, headers: [{ name: 'h', value: shared }] }))
    shared.fill(0)
    const first = builder.build()
    builder.tryAdd(record({ value: encodeUtf8('the next batch, in the same buffers') }))
    builder.build()
    const { key, value, headers } = BatchReader.open(first).record(0)
    expect([key, value, headers[0]?.value]).toEqual(Array(3).fill(encodeUtf8('before')))
  })
})
