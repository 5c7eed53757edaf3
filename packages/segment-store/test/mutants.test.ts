import { MemoryDisk } from '@eastguard/kernel/testing'
import { describe, expect, it } from 'vitest'
import type { StoreRules } from '../src/rules.ts'
import { diskOf, flip, type Image, imageOf } from './disk-image.ts'
import { ModelRun } from './model.ts'
import { ProcessDisk } from './process-disk.ts'
import { batchOf, openStore, prelude, put, readAll, segmentId, settle } from './support.ts'

// Each scenario passes with the store's rules and fails with a naive one in the place of one of them.

const id = segmentId(0)
const path = 'segments/0000000100000002/0/0000000000.seg'
type Rules = Partial<StoreRules>

async function fails(scenario: () => Promise<void>): Promise<boolean> {
  return await scenario().then(
    () => false,
    () => true,
  )
}

/** Watches below the store: when a batch is acknowledged, a sync that returned must have covered its bytes. */
async function syncsBeforeAcknowledging(rules: Rules, skipsSync = false): Promise<void> {
  const disk = new ProcessDisk(new MemoryDisk())
  const { store } = await openStore(disk, {}, rules)
  const [unsynced, synced]: [Map<string, Buffer[]>, Buffer[]] = [new Map(), []]
  disk.onWrite = (file, parts) => {
    const before = unsynced.get(file) ?? []
    unsynced.set(file, [...before, Buffer.concat(parts)])
  }
  disk.onSynced = (file) => {
    synced.push(...(unsynced.get(file) ?? []))
    unsynced.delete(file)
  }
  disk.skipsSync = skipsSync
  store.create(id, 0, prelude)
  for (let round = 0; round < 20; round++) {
    await Promise.all(
      [0, 1, 2].map(async (i) => {
        const batch = batchOf(round * 3 + i, 1, 300)
        await store.append(id, batch)
        expect(synced.some((bytes) => bytes.includes(Buffer.from(batch)))).toBe(true)
      }),
    )
  }
}

/** One segment's file is slow, another one's fills the cache. */
async function keepsTheUnflushed(rules: Rules): Promise<void> {
  const disk = new MemoryDisk()
  const { store } = await openStore(disk, { memoryBytesMax: 65_536, flushBytes: 1, journalFilesMax: 100 }, rules)
  const other = segmentId(1)
  store.create(id, 0, prelude)
  store.create(other, 0, prelude)
  const release = disk.hold('sync', path)
  for (let i = 0; i < 4; i++) await put(store, id, batchOf(i, 1, 1000))
  for (let i = 0; i < 40; i++) {
    await put(store, other, batchOf(i, 1, 4000))
    await settle()
  }
  expect((await readAll(store, id)).parts.length).toBe(4)
  release()
  await store.close()
  const again = (await openStore(disk)).store
  expect(again.status(id)?.endOffset).toBe(4)
}

/** A segment whose frames are in recycled files is forgotten; then files are used again, and power fails. */
async function leavesTheForgottenAlone(rules: Rules): Promise<void> {
  const disk = new MemoryDisk()
  const { store } = await openStore(disk, { journalFileBytes: 32_768 }, rules)
  store.create(id, 0, prelude)
  for (let i = 0; i < 30; i++) await put(store, id, batchOf(i, 1, 3000))
  await store.forget(id)
  await store.close()
  for (let life = 0; life < 6; life++) {
    const process = new ProcessDisk(disk)
    const { store } = await openStore(process, { journalFileBytes: 32_768 }, rules)
    expect(store.status(id)).toBeUndefined()
    process.die()
    disk.crash()
  }
}

async function survivesLives(rules: Rules): Promise<void> {
  for (let seed = 0; seed < 6; seed++) await new ModelRun(seed, {}, rules).run(3, 120)
}

/** A synced group, and a second one of five blocks that was never synced. */
async function tornImage(): Promise<{ before: Image; after: Image; end: number }> {
  const disk = new MemoryDisk()
  const { store } = await openStore(disk)
  store.create(id, 0, prelude)
  const end = await put(store, id, batchOf(0, 3, 100))
  const before = await imageOf(disk)
  disk.hold('sync')
  for (let i = 1; i <= 5; i++) store.append(id, batchOf(i, 1, 3500)).catch(() => {})
  await settle()
  return { before, after: await imageOf(disk), end }
}

async function cutsEveryTornTail(rules: Rules): Promise<void> {
  const { before, after, end } = await tornImage()
  const journal = 'journal/0000000001.jnl'
  const written = after.files.get(journal) ?? new Uint8Array(0)
  const blocks = [2, 3, 4, 5, 6]
  for (let subset = 0; subset < 2 ** blocks.length; subset++) {
    const disk = await diskOf(before, journal, (bytes) => {
      for (const [i, block] of blocks.entries()) {
        if ((subset & (1 << i)) !== 0) bytes.set(written.subarray(block * 4096, (block + 1) * 4096), block * 4096)
      }
      return bytes
    })
    let first: number | undefined
    for (let time = 0; time < 3; time++) {
      const { store } = await openStore(disk, {}, rules)
      const answer = await store.fence(id)
      expect(answer, `blocks ${subset.toString(2)}`).toMatchObject({ kind: 'end', restarted: true })
      const found = answer.kind === 'end' ? answer.offset : -1
      expect(found).toBeGreaterThanOrEqual(end)
      first ??= found
      expect(found).toBe(first) // what was cut does not come back
      store.create(segmentId(1), 0, prelude) // and life goes on, over the place where it was
      await put(store, segmentId(1), batchOf(99, 1, 3000)).catch(() => {})
    }
  }
}

async function findsRotInTheJournal(rules: Rules): Promise<void> {
  const disk = new MemoryDisk()
  const { store } = await openStore(disk)
  store.create(id, 0, prelude)
  for (let i = 0; i < 4; i++) await store.append(id, batchOf(i))
  const image = await imageOf(disk)
  for (const at of [2 * 4096 + 4, 2 * 4096 + 200, 3 * 4096 + 30]) {
    const rotten = (await openStore(await diskOf(image, 'journal/0000000001.jnl', flip(at)), {}, rules)).store
    expect((await rotten.fence(id)).kind).toBe('suspect')
  }
}

async function doubtsTrailers(rules: Rules): Promise<void> {
  const disk = new MemoryDisk()
  const { store } = await openStore(disk)
  store.create(id, 0, prelude)
  for (let i = 0; i < 4; i++) await put(store, id, batchOf(i))
  await store.seal(id, 4)
  await store.close()
  for (let i = 0; i < 2; i++) await (await openStore(disk)).store.close() // the journal forgets
  const image = await imageOf(disk)
  const end = (image.files.get(path)?.length ?? 0) - 96 + 32
  const rotten = (await openStore(await diskOf(image, path, flip(end)), {}, rules)).store
  expect((await rotten.fence(id)).kind).toBe('suspect')
}

describe('the store, and what it would be without', () => {
  it('the sync before the acknowledgement', async () => {
    await syncsBeforeAcknowledging({})
    expect(await fails(() => syncsBeforeAcknowledging({ acknowledgeAt: 'written' }))).toBe(true)
    expect(await fails(() => syncsBeforeAcknowledging({}, true))).toBe(true)
  })

  it('keeping the unflushed in memory', async () => {
    await keepsTheUnflushed({})
    expect(await fails(() => keepsTheUnflushed({ evictableFrom: 'admitted' }))).toBe(true)
  })

  it('the watermark', async () => {
    await survivesLives({})
    expect(await fails(() => survivesLives({ watermark: (_needs, end) => end }))).toBe(true)
  })

  it('the file sequence in every frame', async () => {
    await leavesTheForgottenAlone({})
    expect(await fails(() => leavesTheForgottenAlone({ isLive: () => true }))).toBe(true)
  })

  it('the difference between a torn tail and rot', async () => {
    await cutsEveryTornTail({})
    await findsRotInTheJournal({})
    expect(await fails(() => cutsEveryTornTail({ judge: () => 'rot' }))).toBe(true)
    expect(await fails(() => findsRotInTheJournal({ judge: () => 'torn' }))).toBe(true)
  })

  it('the checksum of a trailer', async () => {
    await doubtsTrailers({})
    expect(await fails(() => doubtsTrailers({ trailerHolds: () => true }))).toBe(true)
  })
})
