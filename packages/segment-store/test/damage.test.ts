import { type DiskOperation, MemoryDisk } from '@eastguard/kernel/testing'
import { describe, expect, it } from 'vitest'
import type { SegmentId, SegmentStore } from '../src/index.ts'
import { diskOf, flip, type Image, imageOf } from './disk-image.ts'
import { ProcessDisk } from './process-disk.ts'
import { batchOf, codeOf, digest, openStore, prelude, put, readAll, segmentId, settle } from './support.ts'

const id = segmentId(0)
const path = 'segments/0000000100000002/0/0000000000.seg'
const settings = { journalFileBytes: 32 * 1024, groupBytesMax: 8192 }

/** Reads from every batch's start: what is served is what was appended, and damage is said with its place. */
async function readEach(store: SegmentStore, batches: readonly Uint8Array[], end: number): Promise<boolean> {
  let damaged = false
  for (let offset = 0; offset < end; offset++) {
    const answer = await store.read(id, offset, 1)
    if (answer.kind === 'records') {
      expect(digest(answer.parts)).toBe(digest(batches.slice(answer.firstOffset, answer.endOffset)))
    } else {
      expect(answer.kind, JSON.stringify([offset, store.status(id)])).toBe('damaged')
      if (answer.kind === 'damaged') expect(answer.place.file).toBe(path)
      damaged = true
    }
  }
  return damaged
}

async function prepared(
  finish: (store: SegmentStore) => Promise<void>,
): Promise<{ image: Image; batches: Uint8Array[] }> {
  const disk = new MemoryDisk()
  const { store } = await openStore(disk, settings)
  store.create(id, 0, prelude)
  const batches = Array.from({ length: 8 }, (_, i) => batchOf(i, 1, 150))
  for (const batch of batches) await put(store, id, batch)
  await finish(store)
  return { image: await imageOf(disk), batches }
}

/** Two clean restarts later the journal knows nothing of what is in the file. */
async function forgottenByJournal(image: Image): Promise<Image> {
  const disk = await diskOf(image, '', (bytes) => bytes)
  for (let i = 0; i < 2; i++) await (await openStore(disk, settings)).store.close()
  return await imageOf(disk)
}

describe('a byte that flips', () => {
  it('in a sealed file is reported with its place, never served, never the end', async () => {
    const { image, batches } = await prepared(async (store) => {
      await store.seal(id, 8)
      await store.close()
    })
    const old = await forgottenByJournal(image)
    const length = old.files.get(path)?.length ?? 0
    for (let at = 0; at < length; at += inHeader(at, length) ? 1 : 23) {
      const { store } = await openStore(await diskOf(old, path, flip(at)), settings)
      const damagedReads = await readEach(store, batches, 8)
      const { damage, state, endOffset } = store.status(id) ?? {}
      expect(damage?.file, `byte ${at}`).toBe(path)
      expect(state === 'damaged' || endOffset === 8, `byte ${at}`).toBe(true)
      const fence = await store.fence(id)
      expect(fence.kind === 'suspect' || (fence.kind === 'end' && fence.offset === 8), `byte ${at}`).toBe(true)
      // Header, index and prelude are not needed to serve what verifies.
      if (state === 'sealed' && at < 67) expect(damagedReads).toBe(false)
    }
  })

  it('in an unsealed file makes a suspect, never a shorter end', async () => {
    const { image, batches } = await prepared((store) => store.close())
    const old = await forgottenByJournal(image)
    const length = old.files.get(path)?.length ?? 0
    for (let at = 0; at < length; at += inHeader(at, length) ? 1 : 23) {
      const disk = await diskOf(old, path, flip(at))
      for (let time = 0; time < (at % 50 === 0 ? 2 : 1); time++) {
        const { store } = await openStore(disk, settings)
        expect((await store.fence(id)).kind, `byte ${at}`).toBe('suspect')
        await readEach(store, batches, 8)
        await store.close()
      }
    }
  })

  it('in the journal is repaired from the file, makes a suspect, or lies in the last group', async () => {
    const { image } = await prepared(async () => {})
    const journal = 'journal/0000000001.jnl'
    const bytes = image.files.get(journal) ?? new Uint8Array(0)
    const lastGroup = lastGroupAt(bytes)
    for (let at = 0; at < lastGroup + 4096; at += at % 4096 < 600 ? 11 : 997) {
      const disk = await diskOf(image, journal, flip(at))
      const answers: unknown[] = []
      for (let time = 0; time < 2; time++) {
        const { store } = await openStore(disk, settings)
        const answer = await store.fence(id)
        answers.push(answer)
        if (at >= lastGroup) continue
        expect(answer.kind === 'suspect' || (answer.kind === 'end' && answer.offset === 8), `byte ${at}`).toBe(true)
      }
      // Recovery twice is recovery once.
      expect(answers[1]).toEqual(answers[0])
    }
  })
})

describe('a file that is cut', () => {
  it('unsealed, makes a suspect wherever the commit is lost', async () => {
    const { image, batches } = await prepared((store) => store.close())
    const old = await forgottenByJournal(image)
    const length = old.files.get(path)?.length ?? 0
    for (let at = 0; at < length; at += 17) {
      const { store } = await openStore(await diskOf(old, path, (bytes) => bytes.slice(0, at)), settings)
      expect((await store.fence(id)).kind, `cut at ${at}`).toBe('suspect')
      await readEach(store, batches, 8)
    }
  })

  it('sealed, is damaged', async () => {
    const { image, batches } = await prepared(async (store) => {
      await store.seal(id, 8)
      await store.close()
    })
    const old = await forgottenByJournal(image)
    const length = old.files.get(path)?.length ?? 0
    for (let at = 0; at < length; at += 17) {
      const { store } = await openStore(await diskOf(old, path, (bytes) => bytes.slice(0, at)), settings)
      const state = store.status(id)?.state
      // Cut between two batches, it is a shorter unsealed file to everybody: the metadata knows that it was sealed.
      if (state !== 'fenced') expect(state).toBe('damaged')
      for (const part of (await readAll(store, id)).parts)
        expect(batches.some((b) => digest([b]) === digest([part]))).toBe(true)
    }
  })
})

describe('after rot that lost frames', () => {
  it('no segment without trace is called empty, until a clean stop without damage', async () => {
    const { image } = await prepared(async () => {})
    const disk = await diskOf(image, 'journal/0000000001.jnl', flip(4096 + 4))
    const stranger: SegmentId = segmentId(77)
    const first = (await openStore(disk, settings)).store
    expect((await first.fence(stranger)).kind).toBe('suspect')
    const second = (await openStore(disk, settings)).store // the first one crashed
    expect((await second.fence(stranger)).kind).toBe('suspect')
    await second.forget(id)
    await second.close()
    const third = (await openStore(disk, settings)).store
    expect((await third.fence(stranger)).kind).toBe('noTrace')
  })
})

/** Every byte of header, prelude, first batch's header, index and trailer. */
function inHeader(at: number, length: number): boolean {
  return at < 64 + 3 + 72 || at >= length - 96 - 24
}

function lastGroupAt(bytes: Uint8Array): number {
  let last = 4096
  for (let at = 4096; at < bytes.length; at += 4096)
    if (bytes.subarray(at, at + 64).some((byte) => byte !== 0)) last = at
  return last
}

describe('a directory without its journal', () => {
  /** A store that has opened, appended and crashed, and then lost the files that `lost` names. */
  async function withoutJournal(lost: (name: string) => boolean): Promise<MemoryDisk> {
    const disk = new MemoryDisk()
    const { store } = await openStore(disk)
    store.create(id, 0, prelude)
    await put(store, id, batchOf(1))
    disk.crash()
    for (const { name } of await disk.list('journal')) if (lost(name)) await disk.remove(`journal/${name}`)
    return disk
  }

  it('is refused where a store was before: its offsets must not be given out again', async () => {
    for (const lost of [() => true, (name: string) => !name.startsWith('spare')]) {
      const disk = await withoutJournal(lost)
      const opening = openStore(disk, { existing: true })
      await expect(opening).rejects.toMatchObject({ code: 'EG_DATA_DIR_DAMAGED', remedy: 'give-up' })
      await expect(opening).rejects.toThrow("'journal/' has no journal file")
      expect((await disk.list('journal')).every(({ name }) => name.startsWith('spare'))).toBe(true) // as it was found
      expect(await codeOf(() => openStore(disk, { existing: true }))).toBe('EG_DATA_DIR_DAMAGED')
    }
  })

  it('is a new one where none was, and one that kept its journal opens', async () => {
    const empty = new MemoryDisk()
    await (await openStore(empty, { existing: false })).store.close()
    await (await openStore(empty, { existing: true })).store.close()
    const kept = await withoutJournal((name) => name.startsWith('spare'))
    expect((await openStore(kept, { existing: true })).store.status(id)?.endOffset).toBe(1)
  })

  it('is not what any crash leaves', async () => {
    const operations: readonly DiskOperation[] = ['write', 'sync', 'rename', 'syncDirectory', 'open']
    for (const operation of operations) {
      for (let at = 1; ; at++) {
        const disk = new MemoryDisk()
        const first = (await openStore(disk)).store
        first.create(id, 0, prelude)
        for (let i = 0; i < 9; i++) await put(first, id, batchOf(i, 1, 9000)) // goes through several files
        disk.fail({ operation, at })
        const process = new ProcessDisk(disk)
        if ((await codeOf(async () => (await openStore(process)).store.close())) === 'ok') break // past the last call
        process.die()
        disk.crash()
        expect(await codeOf(() => openStore(disk, { existing: true })), `${operation} ${at}`).toBe('ok')
      }
    }
  })
})

describe('a file that has gone bad under a running store', () => {
  const other = segmentId(1)

  async function running(): Promise<{ store: SegmentStore; disk: MemoryDisk; rot: () => Promise<void> }> {
    const disk = new MemoryDisk()
    const { store } = await openStore(disk, { memoryBytesMax: 65_536, flushBytes: 1 })
    for (const each of [id, other]) store.create(each, 0, prelude)
    for (let i = 0; i < 20; i++) await put(store, id, batchOf(i, 1, 4000)) // the first ones have left memory
    await settle()
    const rot = async (): Promise<void> => {
      const file = await disk.open(path, 'write')
      await file.write(200, [Uint8Array.of(1, 2, 3, 4)])
      await file.close()
    }
    return { store, disk, rot }
  }

  it.each(['truncate', 'seal'] as const)('refuses a %s that it cannot prove, and the store goes on', async (change) => {
    const bad = await running()
    await bad.rot()
    const unreadable = await running()
    unreadable.disk.fail({ operation: 'read' })
    for (const { store } of [bad, unreadable]) {
      expect(await store.fence(id)).toMatchObject({ kind: 'end', offset: 20 })
      expect(await codeOf(() => store[change](id, 3))).toBe('EG_OFFSET_GAP')
      expect(store.status(id)?.damage?.file).toBe(path)
      expect(await codeOf(() => put(store, other, batchOf(50)))).toBe('ok')
    }
  })

  it('is proven also where the batches are in memory', async () => {
    const disk = new MemoryDisk()
    const { store } = await openStore(disk, { flushBytes: 1 })
    store.create(id, 0, prelude)
    for (let i = 0; i < 5; i++) await put(store, id, batchOf(i))
    await settle()
    await store.fence(id)
    disk.fail({ operation: 'read' })
    expect(await codeOf(() => store.truncate(id, 3))).toBe('EG_OFFSET_GAP')
    expect(await codeOf(() => store.fence(segmentId(9)))).toBe('ok')
  })

  it('is said to be bad only when its bytes are: not when it could not be opened once', async () => {
    const { store, disk } = await running()
    disk.fail({ operation: 'open', path })
    expect((await store.read(id, 0, 1)).kind).toBe('notLoaded')
    await store.fence(id)
    disk.fail({ operation: 'open', path })
    expect(await codeOf(() => store.truncate(id, 3))).toBe('EG_OFFSET_GAP')
    expect(store.status(id)?.damage).toBe(undefined)
    expect((await store.read(id, 0, 1)).kind).toBe('records')
    await store.truncate(id, 3)
    expect(store.status(id)?.endOffset).toBe(3)
  })

  it('makes its copy a suspect for the next fence, and stays known when it is sealed', async () => {
    const { store, rot } = await running()
    await rot()
    const answer = await store.read(id, 0, 1)
    expect(answer.kind).toBe('damaged')
    expect(await codeOf(() => put(store, id, batchOf(50)))).toBe('ok') // it goes on until it is fenced
    const place = store.status(id)?.damage
    expect(await store.fence(id)).toEqual({ kind: 'suspect', place })
    await store.seal(id, 21)
    expect(store.status(id)).toMatchObject({ state: 'sealed', endOffset: 21, damage: place })
  })
})
