import { MemoryDisk } from '@eastguard/kernel/testing'
import { describe, expect, it, vi } from 'vitest'
import type { SegmentStore } from '../src/index.ts'
import { ProcessDisk } from './process-disk.ts'
import { batchOf, codeOf, openStore, prelude, put, readAll, segmentId, settle } from './support.ts'

const id = segmentId(0)
const path = 'segments/0000000100000002/0/0000000000.seg'

describe('a store on a full disk', () => {
  it('refuses appends above the limit, goes on reading and deleting, and recovers', async () => {
    const disk = new MemoryDisk({ capacityBytes: 1024 * 1024 })
    const { store, clock } = await openStore(disk)
    const other = segmentId(1)
    store.create(id, 0, prelude)
    store.create(other, 0, prelude)
    await put(store, other, batchOf(1, 1, 20_000))
    await store.seal(other, 1)
    await put(store, id, batchOf(2))
    const { usedBytes } = await disk.space()
    disk.setCapacity(Math.floor(usedBytes * 1.02))
    clock.advance(1_000)
    await codeOf(() => store.append(id, batchOf(3))) // begins the look
    await settle()
    expect(store.stats().disk).toBe('refuse')
    expect(await codeOf(() => store.append(id, batchOf(4)))).toBe('EG_DISK_FULL')
    expect((await store.read(other, 0, 1)).kind).toBe('records')
    await store.forget(other)
    disk.setCapacity(1024 * 1024)
    clock.advance(1_000)
    await codeOf(() => store.append(id, batchOf(5)))
    await settle()
    expect(await codeOf(() => store.append(id, batchOf(6)))).toBe('ok')
  })

  it('refuses appends while the next journal file cannot be made, and keeps every acknowledged one', async () => {
    const disk = new MemoryDisk({ capacityBytes: 400 * 1024 })
    const { store, clock } = await openStore(disk, { diskRefusePercent: 100, flushBytes: 1024 })
    store.create(id, 0, prelude)
    let end = 0
    let refused = ''
    for (let i = 0; i < 200 && refused === ''; i++) {
      const code = await codeOf(async () => {
        end = await put(store, id, batchOf(i, 1, 4000))
      })
      if (code !== 'ok') refused = code
      await settle()
    }
    expect(refused).toBe('EG_DISK_FULL')
    expect((await store.fence(id)).kind).toBe('end')
    disk.setCapacity(4 * 1024 * 1024)
    for (let i = 0; i < 5; i++) {
      clock.advance(1_000)
      store.create(segmentId(9), 0, prelude)
      await codeOf(() => store.append(segmentId(9), batchOf(900)))
      await settle()
    }
    expect(await codeOf(() => store.append(segmentId(9), batchOf(901)))).toBe('ok')
    await store.close()
    const again = (await openStore(disk)).store
    expect(again.status(id)?.endOffset).toBe(end)
    expect((await readAll(again, id)).parts.length).toBe(end)
  })

  it('knows that there is room again though nobody appends', async () => {
    const disk = new MemoryDisk({ capacityBytes: 1024 * 1024 })
    const { store, clock } = await openStore(disk)
    const { usedBytes } = await disk.space()
    const looks = vi.spyOn(disk, 'space')
    const seen: string[] = []
    for (const capacity of [usedBytes, usedBytes, 2 ** 20, 2 ** 20]) {
      disk.setCapacity(capacity)
      clock.advance(1_000)
      for (let i = 0; i < 10; i++) store.stats()
      await settle()
      seen.push(store.stats().disk)
    }
    expect(seen).toEqual(['refuse', 'refuse', 'ok', 'ok'])
    expect(looks.mock.calls.length).toBe(4) // once per period, however often it is asked
    await store.close()
    clock.advance(1_000)
    store.stats()
    expect(looks.mock.calls.length).toBe(4)
  })

  it('makes the next journal file when there is room again though nobody appends', async () => {
    const disk = new MemoryDisk({ capacityBytes: 100 * 1024 }) // one journal file, and no second one
    const { store, clock } = await openStore(disk, { diskRefusePercent: 100 })
    store.create(id, 0, prelude)
    await settle()
    expect(await codeOf(() => store.append(id, batchOf(1)))).toBe('EG_DISK_FULL')
    expect(store.stats().disk).toBe('refuse')
    disk.setCapacity(4 * 1024 * 1024)
    clock.advance(1_000)
    store.stats()
    await settle()
    expect(store.stats().disk).toBe('ok')
    expect(await codeOf(() => store.append(id, batchOf(900)))).toBe('ok')
  })

  it('takes appends again when the only segment that found no room is forgotten', async () => {
    const disk = new MemoryDisk()
    const { store } = await openStore(disk, { flushBytes: 1 })
    const other = segmentId(1)
    store.create(id, 0, prelude)
    store.create(other, 0, prelude)
    disk.fail({ operation: 'write', path, code: 'EG_DISK_FULL' })
    await put(store, id, batchOf(1))
    await settle()
    expect(store.stats().disk).toBe('refuse')
    expect(await codeOf(() => store.append(other, batchOf(2)))).toBe('EG_DISK_FULL')
    await store.forget(id)
    expect(store.stats().disk).toBe('ok')
    expect(await codeOf(() => store.append(other, batchOf(2)))).toBe('ok')
  })

  it('stores nothing in the place of what was refused: what waits behind it is refused too, in order', async () => {
    const disk = new MemoryDisk()
    const other = segmentId(1)
    const { store } = await openStore(disk, { memoryBytesMax: 65_536, groupBytesMax: 65_536, flushBytes: 2 ** 30 })
    store.create(id, 0, prelude)
    store.create(other, 0, prelude)
    for (let i = 0; i < 6; i++) {
      await put(store, other, batchOf(i, 1, 7000)) // the first journal file is nearly full
      await settle()
    }
    await put(store, other, batchOf(50))
    disk.fail({ operation: 'write', path: 'journal/spare-2.jnl', code: 'EG_DISK_FULL' }) // its header
    const release = disk.hold('write', 'segments/0000000100000002/0/0000000001.seg')
    const events: string[] = []
    const batches = [25_000, 100, 5000, 5000].map((bytes, i) => batchOf(100 + i, 1, bytes))
    for (const [i, batch] of batches.entries()) {
      void codeOf(() => store.append(id, batch)).then((code) => events.push(`${i} ${code}`))
    }
    expect(store.stats().waitingAppends).toBeGreaterThan(0)
    expect(store.stats().waitingAppends).toBeLessThan(4)
    await settle()
    expect(events).toEqual([0, 1, 2, 3].map((i) => `${i} EG_DISK_FULL`))
    expect(store.stats().waitingAppends).toBe(0)
    release()
    expect((await store.append(id, batchOf(200))).baseOffset).toBe(0)
  })
})

describe('a journal file that is needed no more', () => {
  it('is removed where there is no room for its new name', async () => {
    const disk = new MemoryDisk()
    const { store } = await openStore(disk)
    disk.fail({ operation: 'rename', path: 'journal/0000000001.jnl', code: 'EG_DISK_FULL' })
    store.create(id, 0, prelude)
    for (let i = 0; i < 60; i++) await put(store, id, batchOf(i, 1, 4000))
    await settle()
    const names = (await disk.list('journal')).map(({ name }) => name)
    expect(names).not.toContain('0000000001.jnl')
    expect(names.length).toBeLessThanOrEqual(5)
    await store.close()
    expect((await openStore(disk)).store.status(id)?.endOffset).toBe(60)
  })
})

describe('a segment whose very first append found the disk full', () => {
  const large = new Uint8Array(3000)

  /** The prelude of `id` is durable, and no batch of it. */
  async function prepared(): Promise<{ disk: MemoryDisk; process: ProcessDisk; store: SegmentStore }> {
    const disk = new MemoryDisk()
    const process = new ProcessDisk(disk)
    const { store } = await openStore(process, { flushBytes: 4000, journalFilesMax: 3 })
    store.create(id, 0, large)
    store.create(segmentId(1), 0, prelude)
    for (let i = 0; i < 6; i++) {
      await put(store, segmentId(1), batchOf(i, 1, 7000))
      await settle()
    }
    disk.fail({ operation: 'write', path: 'journal/spare-2.jnl', code: 'EG_DISK_FULL' }) // its header
    expect(await codeOf(() => store.append(id, batchOf(8, 1, 20_000)))).toBe('EG_DISK_FULL')
    return { disk, process, store }
  }

  it('does not hold the journal', async () => {
    const { disk, process, store } = await prepared()
    for (let i = 0; i < 60; i++) await put(store, segmentId(1), batchOf(i, 1, 3000))
    await settle()
    expect(store.stats().journalFiles).toBeLessThanOrEqual(3)
    process.die()
    disk.crash()
    const again = (await openStore(disk)).store
    expect(await again.fence(id)).toEqual({ kind: 'end', offset: 0, restarted: true })
  })

  it('is no damage when a crash cuts its head short', async () => {
    const { disk, process } = await prepared()
    process.die()
    disk.crash()
    const file = await disk.open(path, 'create')
    await file.write(0, [new Uint8Array(10)])
    await file.sync()
    await file.close()
    for (let i = 0; i < 3; i++) {
      const { store } = await openStore(disk)
      expect(await store.fence(id)).toEqual({ kind: 'noTrace' })
      await store.close()
    }
  })
})

describe('the close of a store on a full disk', () => {
  it('ends what waits for room for a segment file', async () => {
    const disk = new MemoryDisk()
    const { store, clock } = await openStore(disk)
    const other = segmentId(1)
    for (const each of [id, other]) {
      store.create(each, 0, prelude)
      for (let i = 0; i < 3; i++) await put(store, each, batchOf(i))
    }
    await store.fence(other)
    disk.setCapacity((await disk.space()).usedBytes)
    const pending = [() => store.seal(id, 3), () => store.truncate(other, 2), () => store.fence(other)].map(codeOf)
    await settle()
    await store.close()
    expect(await Promise.all(pending)).toEqual(['EG_STORE_CLOSED', 'EG_STORE_CLOSED', 'EG_STORE_CLOSED'])
    expect(clock.timerCount).toBe(0)
    disk.setCapacity(2 ** 30)
    const again = (await openStore(disk)).store
    expect(again.status(id)).toMatchObject({ state: 'sealed', endOffset: 3 }) // the journal had it
    expect(again.status(other)).toMatchObject({ state: 'fenced', endOffset: 2 })
  })

  it('ends what waits for room for the journal, and nothing acknowledged is lost', async () => {
    const disk = new MemoryDisk()
    const { store, clock } = await openStore(disk)
    store.create(id, 0, prelude)
    await put(store, id, batchOf(0))
    // A file system that copies on write finds no room for blocks that are there.
    for (let at = 1; at <= 9; at++) {
      disk.fail({ operation: 'write', path: 'journal/spare-1.jnl', at, code: 'EG_DISK_FULL' })
    }
    const pending = [() => store.append(id, batchOf(1)), () => store.append(id, batchOf(2)), () => store.seal(id, 1)]
    const codes = pending.map(codeOf)
    codes.push(codeOf(() => store.fence(id)))
    codes.push(codeOf(() => store.forget(id)))
    await settle()
    await store.close()
    expect(new Set(await Promise.all(codes))).toEqual(new Set(['EG_STORE_CLOSED']))
    expect(await Promise.race([store.failed, Promise.resolve('works')])).toBe('works')
    expect(clock.timerCount).toBe(0)
    const again = (await openStore(disk)).store
    expect(again.recovered.damage).toEqual([])
    // What was refused may be there, whole: nobody was told that it is not.
    expect([1, 2, 3]).toContain(again.status(id)?.endOffset)
    expect((await readAll(again, id)).last).toMatchObject({ kind: 'end' })
  })
})
