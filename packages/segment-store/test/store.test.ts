import { MemoryDisk } from '@eastguard/kernel/testing'
import { describe, expect, it } from 'vitest'
import { parseSegmentId } from '../src/segment-id.ts'
import { imageOf } from './disk-image.ts'
import { ProcessDisk } from './process-disk.ts'
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

  it('has the very first and the last possible segment of any cluster after a crash', async () => {
    const disk = new MemoryDisk()
    const { store } = await openStore(disk, { flushBytes: 2 ** 30 })
    const ids = ['0000000000000000-0-0', 'ffffffffffffffff-4294967295-4294967294'].map(parseSegmentId)
    for (const each of ids) {
      store.create(each, 0, prelude)
      for (const batch of [batchOf(1), batchOf(2)]) await put(store, each, batch)
    }
    disk.crash()
    const again = (await openStore(disk)).store
    for (const each of ids) expect(await again.fence(each)).toEqual({ kind: 'end', offset: 2, restarted: true })
    expect(await again.fence(id)).toEqual({ kind: 'noTrace' })
  })

  it('is not held up by an idle segment: the journal stays short, and the idle one keeps its commit', async () => {
    const disk = new MemoryDisk()
    const process = new ProcessDisk(disk)
    const { store } = await openStore(process)
    const idle = segmentId(1)
    store.create(idle, 0, prelude)
    store.create(id, 0, prelude)
    await put(store, idle, batchOf(1))
    let filesMax = 0
    for (let i = 0; i < 300; i++) {
      await put(store, id, batchOf(i, 1, 3000))
      filesMax = Math.max(filesMax, store.stats().journalFiles)
    }
    expect(filesMax).toBeLessThanOrEqual(4)
    process.die()
    disk.crash()
    const again = (await openStore(disk)).store
    expect(again.status(idle)).toMatchObject({ endOffset: 1, commitOffset: 1 })
    expect(await disk.list('journal').then((files) => files.length)).toBeLessThanOrEqual(5)
  })

  it('is not held up by a segment that was cut to its start', async () => {
    const { store } = await openStore(new MemoryDisk(), { flushBytes: 2 ** 30, journalFilesMax: 3 })
    const empty = segmentId(1)
    for (const each of [empty, id]) store.create(each, 0, prelude)
    await put(store, empty, batchOf(1))
    await store.fence(empty)
    await store.truncate(empty, 0)
    for (let i = 0; i < 100; i++) await put(store, id, batchOf(i, 1, 3000))
    expect(store.stats().journalFiles).toBeLessThanOrEqual(4)
    expect(await store.fence(empty)).toEqual({ kind: 'end', offset: 0, restarted: false })
  })

  it('writes equal files for equal segments, whatever else the journal carried', async () => {
    const files = await Promise.all(
      [0, 3].map(async (others) => {
        const disk = new MemoryDisk()
        const { store } = await openStore(disk)
        store.create(id, 0, prelude)
        for (let i = 0; i < others; i++) store.create(segmentId(i + 1), 0, prelude)
        for (let i = 0; i < 60; i++) {
          await put(store, id, batchOf(i, 2, 2000))
          for (let other = 0; other < others; other++) await put(store, segmentId(other + 1), batchOf(i, 1, 700))
        }
        await store.seal(id, 120)
        await store.close()
        return (await imageOf(disk)).files.get('segments/0000000100000002/0/0000000000.seg') ?? new Uint8Array(0)
      }),
    )
    expect(files[0]?.length).toBeGreaterThan(60 * 4000)
    expect(digest(files.slice(0, 1))).toBe(digest(files.slice(1)))
  })

  it('refuses a prelude that no journal file could ever hold', async () => {
    const { store } = await openStore(undefined, { journalFileBytes: 16_384 })
    expect(() => store.create(id, 0, new Uint8Array(16_384 - 4160 + 1))).toThrow('a prelude fits a journal file')
    store.create(id, 0, new Uint8Array(16_384 - 4160))
    expect((await store.append(id, batchOf(1))).endOffset).toBe(1)
  })
})
