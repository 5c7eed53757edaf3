import type { Disk } from '@eastguard/kernel'
import { type DiskOperation, MemoryDisk } from '@eastguard/kernel/testing'
import { describe, expect, it } from 'vitest'
import { ProcessDisk } from './process-disk.ts'
import { batchOf, codeOf, openStore, prelude, put, readAll, segmentId, settle } from './support.ts'

const id = segmentId(0)

/** Appends, rolls and forgets, noting what was acknowledged. */
async function work(disk: Disk, acknowledged: Map<number, number>): Promise<void> {
  const { store } = await openStore(disk)
  for (let segment = 0; segment < 4; segment++) {
    const it = segmentId(segment)
    store.create(it, 0, prelude)
    for (let i = 0; i < 12; i++) {
      const { endOffset } = await store.append(it, batchOf(i, 2, 1500))
      store.commit(it, endOffset)
      acknowledged.set(segment, endOffset)
    }
    if (segment % 2 === 0) await store.seal(it, acknowledged.get(segment) ?? 0)
  }
  await store.close()
}

describe('a store on a failing disk', () => {
  const operations: readonly DiskOperation[] = ['write', 'sync', 'rename', 'syncDirectory', 'truncate', 'makeDirectory']

  it.each(operations)('loses nothing acknowledged, whichever %s fails', async (operation) => {
    for (let at = 1; at <= 60; at++) {
      const disk = new MemoryDisk()
      disk.fail({ operation, at })
      const acknowledged = new Map<number, number>()
      const process = new ProcessDisk(disk)
      const outcome = await codeOf(() => work(process, acknowledged))
      if (outcome === 'ok') return // the sweep has passed the last call
      process.die()
      disk.crash()
      const { store } = await openStore(disk)
      expect(store.recovered.suspects, `${operation} ${at}: ${outcome}`).toEqual([])
      for (const [segment, end] of acknowledged) {
        expect(store.status(segmentId(segment))?.endOffset, `${operation} ${at}`).toBeGreaterThanOrEqual(end)
      }
      await store.close()
      expect(['EG_STORE_FAILED', 'EG_DISK_FAILED']).toContain(outcome)
    }
  })

  it.each(['rename', 'remove'] as const)(
    'sees no damage where a start died at a %s, with a segment cut to its start',
    async (operation) => {
      for (let at = 1; at <= 40; at++) {
        const disk = new MemoryDisk()
        const before = new ProcessDisk(disk)
        const { store } = await openStore(before, { flushBytes: 2 ** 30 })
        store.create(id, 0, prelude)
        store.create(segmentId(1), 0, prelude)
        await put(store, id, batchOf(1))
        for (let i = 0; store.stats().journalFiles < 2; i++) await put(store, segmentId(1), batchOf(i, 1, 7000))
        await store.fence(id)
        const release = disk.hold('makeDirectory') // for its file
        const cut = codeOf(() => store.truncate(id, 0)) // its frame is in the second file, the prelude in the first
        await settle()
        before.die()
        release()
        expect(await cut).toBe('EG_STORE_FAILED')
        disk.crash()
        const again = new ProcessDisk(disk)
        disk.fail({ operation, at })
        const outcome = await codeOf(() => openStore(again))
        again.die() // and the names are as it left them
        expect((await openStore(disk)).store.recovered.suspects, `${operation} ${at}`).toEqual([])
        if (outcome === 'ok') return
      }
    },
  )

  it('stops for good at the first failed sync', async () => {
    const disk = new MemoryDisk()
    const { store } = await openStore(disk)
    store.create(id, 0, prelude)
    await put(store, id, batchOf(1))
    disk.fail({ operation: 'sync' })
    const both = [2, 3].map((seed) => codeOf(() => store.append(id, batchOf(seed))))
    expect(await Promise.all(both)).toEqual(['EG_STORE_FAILED', 'EG_STORE_FAILED'])
    expect((await store.failed).code).toBe('EG_STORE_FAILED')
    const syncs = disk.callCount('sync')
    for (const call of [
      () => store.append(id, batchOf(4)),
      () => store.fence(id),
      () => store.seal(id, 1),
      () => store.read(id, 0, 1),
    ]) {
      expect(await codeOf(call)).toBe('EG_STORE_FAILED')
    }
    await store.close()
    expect(disk.callCount('sync')).toBe(syncs) // H52
  })

  it('has ended with everything when a close or an open has failed', async () => {
    const disk = new MemoryDisk()
    const { store } = await openStore(disk, { flushBytes: 2 ** 30 })
    const paths = Array.from({ length: 40 }, (_, i) => `segments/0000000100000002/0/${String(i).padStart(10, '0')}.seg`)
    for (const i of paths.keys()) {
      store.create(segmentId(i), 0, prelude)
      await put(store, segmentId(i), batchOf(i))
    }
    for (const step of [() => store.close(), () => openStore(disk)]) {
      disk.fail({ operation: 'sync', path: paths[0] ?? '' })
      const before = disk.callCount('sync')
      await codeOf(async () => step())
      const syncs = disk.callCount('sync')
      await settle()
      expect(disk.callCount('sync')).toBe(syncs)
      expect(syncs - before).toBeLessThan(40)
    }
  })

  it('stops for good when a background flush fails, and keeps what was acknowledged', async () => {
    const disk = new MemoryDisk()
    const { store } = await openStore(disk, { flushBytes: 1 })
    store.create(id, 0, prelude)
    disk.fail({ operation: 'sync', path: 'segments/0000000100000002/0/0000000000.seg' })
    await put(store, id, batchOf(1))
    expect((await store.failed).code).toBe('EG_STORE_FAILED')
    expect(await codeOf(() => store.append(id, batchOf(2)))).toBe('EG_STORE_FAILED')
    disk.crash()
    const again = (await openStore(disk)).store
    expect(again.status(id)?.endOffset).toBe(1)
  })

  it('acknowledges nothing before the sync that covers it has returned', async () => {
    const disk = new MemoryDisk()
    const { store } = await openStore(disk)
    store.create(id, 0, prelude)
    const release = disk.hold('sync')
    let acknowledged = 0
    const appends = [1, 2, 3].map((seed) => store.append(id, batchOf(seed)).then(() => acknowledged++))
    await settle()
    expect(acknowledged).toBe(0)
    expect(store.status(id)?.endOffset).toBe(0)
    release()
    await Promise.all(appends)
    expect(acknowledged).toBe(3)
    expect(store.stats().groupCount).toBe(1)
  })

  it('answers a fence only after the writes under way have ended', async () => {
    const disk = new MemoryDisk()
    const { store } = await openStore(disk)
    store.create(id, 0, prelude)
    const release = disk.hold('sync')
    const append = store.append(id, batchOf(1, 5))
    await settle()
    let answered = false
    const fence = store.fence(id).then((answer) => {
      answered = true
      return answer
    })
    await settle()
    expect(answered).toBe(false)
    expect(await codeOf(() => store.append(id, batchOf(2)))).toBe('EG_SEGMENT_SEALED')
    release()
    await append
    expect(await fence).toEqual({ kind: 'end', offset: 5, restarted: false }) // H35a
  })
})

describe('a store whose segment files are slow', () => {
  it('closes, and opens again, without one file waiting for another', async () => {
    const disk = new MemoryDisk()
    const { store } = await openStore(disk, { flushBytes: 2 ** 30 })
    const paths = [0, 1].map((segment) => `segments/0000000100000002/0/000000000${segment}.seg`)
    for (const segment of [0, 1]) {
      store.create(segmentId(segment), 0, prelude)
      await put(store, segmentId(segment), batchOf(1))
    }
    for (const step of [() => store.close(), () => openStore(disk)]) {
      const before = paths.map((path) => disk.callCount('sync', path))
      const releases = paths.map((path) => disk.hold('sync', path))
      const done = step()
      for (let i = 0; i < 5; i++) await settle()
      expect(paths.map((path, i) => disk.callCount('sync', path) - (before[i] ?? 0))).toEqual([1, 1])
      for (const release of releases) release()
      await done
    }
  })

  it('lets appends wait, then refuses, never evicts what is unflushed, and stays inside its memory', async () => {
    const disk = new MemoryDisk()
    const { store } = await openStore(disk, { journalFilesMax: 100 })
    store.create(id, 0, prelude)
    await put(store, id, batchOf(0, 1, 9000)) // makes the file
    await settle()
    const release = disk.hold('sync', 'segments/0000000100000002/0/0000000000.seg')
    const outcomes: Promise<string>[] = []
    for (let i = 1; i < 100; i++) outcomes.push(codeOf(() => put(store, id, batchOf(i, 1, 4000))))
    await settle()
    const { cachedBytes, unflushedBytes, waitingAppends } = store.stats()
    expect(waitingAppends).toBeGreaterThan(0)
    expect(cachedBytes + unflushedBytes).toBeLessThanOrEqual(256 * 1024)
    release()
    const codes = await Promise.all(outcomes)
    expect(new Set(codes)).toEqual(new Set(['ok', 'EG_OVERLOADED']))
    const accepted = codes.filter((code) => code === 'ok').length
    expect((await readAll(store, id)).parts.length).toBe(accepted + 1)
  })

  it('does not write again what little came meanwhile: one sync per flushBytes', async () => {
    const disk = new MemoryDisk()
    const { store } = await openStore(disk)
    store.create(id, 0, prelude)
    const release = disk.hold('sync', 'segments/0000000100000002/0/0000000000.seg')
    await put(store, id, batchOf(0, 1, 9000)) // more than flushBytes
    await put(store, id, batchOf(1))
    release()
    await settle()
    expect(store.stats().flushCount).toBe(1)
    expect(store.stats().unflushedBytes).toBeGreaterThan(0)
    await put(store, id, batchOf(2, 1, 9000))
    await settle()
    expect(store.stats()).toMatchObject({ flushCount: 2, unflushedBytes: 0 })
  })
})

describe('a search by time', () => {
  it('finds what leaves memory while the file is searched', async () => {
    const disk = new MemoryDisk()
    const { store } = await openStore(disk, { memoryBytesMax: 65_536, flushBytes: 1 })
    const other = segmentId(1)
    store.create(id, 0, prelude)
    store.create(other, 0, prelude)
    for (let i = 0; i < 20; i++) await put(store, id, batchOf(i, 1, 4000))
    await settle()
    const release = disk.hold('read', 'segments/0000000100000002/0/0000000000.seg')
    const searches = Array.from({ length: 20 }, (_, i) => store.findTime(id, 1000 + i))
    for (let i = 0; i < 30; i++) await put(store, other, batchOf(100 + i, 1, 4000))
    release()
    expect(await Promise.all(searches)).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })
})
