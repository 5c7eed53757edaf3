import { MemoryDisk } from '@eastguard/kernel/testing'
import { describe, expect, it } from 'vitest'
import { batchOf, digest, openStore, prelude, put, readAll, segmentId } from './support.ts'

const id = segmentId(0)

describe('a segment store', () => {
  it('reads back what was appended and committed, from memory and, after a restart, from files', async () => {
    const disk = new MemoryDisk()
    const { store } = await openStore(disk)
    store.create(id, 10, prelude)
    const batches = Array.from({ length: 40 }, (_, i) => batchOf(i, 3, 1500))
    for (const batch of batches) await put(store, id, batch)
    const { parts, last } = await readAll(store, id, 10)
    expect(digest(parts)).toBe(digest(batches))
    expect(last).toEqual({ kind: 'end', offset: 130, sealed: false })
    await store.close()
    const again = (await openStore(disk)).store
    expect(again.status(id)).toMatchObject({ state: 'fenced', restarted: true, endOffset: 130, recordCount: 120 })
    expect(digest((await readAll(again, id, 10)).parts)).toBe(digest(batches))
    await again.seal(id, 130)
    expect((await readAll(again, id, 10)).last).toEqual({ kind: 'end', offset: 130, sealed: true })
    await again.close()
    const third = (await openStore(disk)).store
    expect(third.status(id)).toMatchObject({ state: 'sealed', restarted: false, endOffset: 130, recordCount: 120 })
    expect(digest((await readAll(third, id, 10)).parts)).toBe(digest(batches))
  })
})
