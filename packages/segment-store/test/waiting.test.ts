import { MemoryDisk } from '@eastguard/kernel/testing'
import { isUnstamped } from '@eastguard/record'
import { describe, expect, it } from 'vitest'
import type { SegmentStore } from '../src/index.ts'
import { batchOf, codeOf, openStore, prelude, put, readAll, segmentId, settle } from './support.ts'

const id = segmentId(0)
const other = segmentId(1)

/** Two segments; the file of `id` is slow, so that its appends fill the memory and then wait. */
async function slowStore(): Promise<{ store: SegmentStore; release: () => void }> {
  const disk = new MemoryDisk()
  const { store } = await openStore(disk, { journalFilesMax: 100 })
  store.create(id, 0, prelude)
  store.create(other, 0, prelude)
  await put(store, id, batchOf(0, 1, 9000)) // makes the file
  await settle()
  return { store, release: disk.hold('sync', 'segments/0000000100000002/0/0000000000.seg') }
}

/** Appends to `id` until so many wait. @returns the batches that wait; what becomes of each is noted in `events` */
function fill(store: SegmentStore, waiting: number, events: string[]): Uint8Array[] {
  const batches: Uint8Array[] = []
  for (let i = 1; store.stats().waitingAppends < waiting; i++) {
    const before = store.stats().waitingAppends
    const batch = batchOf(i, 1, 4000)
    const name = `batch ${batches.length}`
    const outcome = codeOf(() => store.append(id, batch))
    if (store.stats().waitingAppends === before) continue
    batches.push(batch)
    void outcome.then((code) => events.push(`${name} ${code}`))
  }
  return batches
}

describe('an append that waits for memory', () => {
  it('is refused by a fence of its segment: at once, in order, before the answer, untouched', async () => {
    const { store, release } = await slowStore()
    const events: string[] = []
    const batches = fill(store, 3, events)
    const behind = store.append(other, batchOf(500))
    const fence = store.fence(id).then((answer) => {
      events.push('fenced')
      return answer
    })
    expect(store.stats().waitingAppends).toBe(1)
    const answer = await fence
    expect(events).toEqual([...[0, 1, 2].map((i) => `batch ${i} EG_SEGMENT_SEALED`), 'fenced'])
    expect(batches.map((batch) => isUnstamped(batch))).toEqual([true, true, true])
    release()
    expect((await behind).endOffset).toBe(1)
    expect(answer).toMatchObject({ kind: 'end', offset: store.status(id)?.endOffset })
    store.commit(id, store.status(id)?.endOffset ?? 0)
    expect((await readAll(store, id)).parts.length).toBe(store.status(id)?.endOffset)
  })

  it.each(['seal', 'forget'] as const)('is refused by a %s of its segment, and does not hold it up', async (change) => {
    const { store, release } = await slowStore()
    const events: string[] = []
    fill(store, 2, events)
    const done = change === 'seal' ? codeOf(() => store.seal(id, 1)) : codeOf(() => store.forget(id))
    expect(store.stats().waitingAppends).toBe(0)
    await settle()
    expect(events).toEqual(['batch 0 EG_SEGMENT_SEALED', 'batch 1 EG_SEGMENT_SEALED'])
    release()
    expect(await done).toBe('ok')
  })

  it('that completes a copy is refused by a cut of the copy', async () => {
    const source = (await openStore()).store
    source.create(id, 0, prelude)
    for (let i = 0; i < 100; i++) await put(source, id, batchOf(i, 1, 4000))
    const { parts } = await readAll(source, id)
    const { store, release } = await slowStore()
    await store.fence(id)
    const codes: Promise<string>[] = []
    for (const part of parts.slice(1)) {
      if (store.stats().waitingAppends === 2) break
      codes.push(codeOf(() => store.appendStamped(id, part, { settle: true })))
    }
    const truncated = codeOf(() => store.truncate(id, 1))
    expect(store.stats().waitingAppends).toBe(0)
    release()
    expect((await Promise.all(codes)).slice(-2)).toEqual(['EG_SEGMENT_SEALED', 'EG_SEGMENT_SEALED'])
    expect(await truncated).toBe('ok')
    expect(store.status(id)?.endOffset).toBe(1)
  })

  it('of another segment keeps its turn when those before it are refused', async () => {
    const { store, release } = await slowStore()
    const events: string[] = []
    fill(store, 1, events)
    const others: Promise<number>[] = []
    for (let i = 0; i < 3; i++) others.push(store.append(other, batchOf(i)).then(({ baseOffset }) => baseOffset))
    expect(store.stats().waitingAppends).toBe(4)
    await store.fence(id)
    expect(store.stats().waitingAppends).toBe(3) // still no room
    release()
    expect(await Promise.all(others)).toEqual([0, 1, 2])
    expect(store.stats().waitingAppends).toBe(0)
  })

  it('is let in when a cut of another segment makes room', async () => {
    const disk = new MemoryDisk()
    const memory = { memoryBytesMax: 65_536, groupBytesMax: 65_536, flushBytes: 2 ** 30 }
    const { store } = await openStore(disk, memory)
    store.create(id, 0, prelude)
    store.create(other, 0, prelude)
    await store.append(id, batchOf(1, 1, 9000)) // of the 32 KiB that may be unflushed
    await store.fence(id)
    const release = disk.hold('sync')
    const cut = store.truncate(id, 0)
    await settle() // its flush cannot come before the cut any more
    const waiting = store.append(other, batchOf(2, 1, 25_000))
    expect(store.stats().waitingAppends).toBe(1)
    release()
    await cut
    expect((await waiting).endOffset).toBe(1)
    expect(store.stats().unflushedBytes).toBeLessThan(30_000)
  })

  it('is let in when it takes the flush of more than one segment to make room', async () => {
    const memory = { memoryBytesMax: 65_536, groupBytesMax: 65_536, flushBytes: 2 ** 30 }
    const { store } = await openStore(new MemoryDisk(), memory)
    const ids = [id, other, segmentId(2)]
    for (const each of ids) store.create(each, 0, prelude)
    for (const each of ids.slice(1)) await store.append(each, batchOf(1, 1, 7400))
    expect((await store.append(id, batchOf(2, 1, 25_000))).endOffset).toBe(1)
  })
})
