import { SeededRandom } from '@eastguard/kernel'
import { describe, expect, it } from 'vitest'
import { World } from './world.ts'

const journal = { journalFileBytes: '16MiB' }

describe('batches that were stored under a larger batchBytesMax', () => {
  it('are read after it was lowered, and no such batch is taken any more', async () => {
    await using world = await World.start({ ...journal, batchBytesMax: '4MiB' })
    const values = [3_900_000, 10, 2_000_000].map((bytes, seed) => new SeededRandom(seed).bytes(bytes))
    const before = await world.client()
    await before.admin.topics.create('t')
    for (const value of values) await before.producer('t').send({ value })
    await before.close({ timeoutMs: 0 })
    await world.restart({ ...journal, batchBytesMax: '256KiB' })
    const client = await world.client()
    const read: Uint8Array[] = []
    for await (const { value } of client.reader('t', { from: 'start', until: 'now' })) {
      if (value !== null) read.push(value)
    }
    expect(read.map(({ length }) => length)).toEqual(values.map(({ length }) => length))
    expect(read.every((value, i) => Buffer.compare(value, values[i] ?? new Uint8Array()) === 0)).toBe(true)
    await expect(client.producer('t').send({ value: values[2] ?? null })).rejects.toMatchObject({
      code: 'EG_RECORD_TOO_LARGE',
    })
  })
})
