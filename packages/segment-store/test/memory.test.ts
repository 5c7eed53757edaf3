import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { batchOf, openStore, prelude, put, segmentId, settle } from './support.ts'

const batchBytes = 50_000
const count = 100

/** Bytes of the batches that something still refers to. */
async function heldBytes(batches: readonly WeakRef<Uint8Array>[]): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  await new Promise((resolve) => setImmediate(resolve)) // a reference that was looked at lives until the turn ends
  collect()
  return batches.filter((batch) => batch.deref() !== undefined).length * batchBytes
}

/** Makes batches of which only the store and weak references know. */
async function putEach(to: (batch: Uint8Array, i: number) => Promise<void>): Promise<readonly WeakRef<Uint8Array>[]> {
  const batches: WeakRef<Uint8Array>[] = []
  for (let i = 0; i < count; i++) {
    const batch = batchOf(i, 1, batchBytes)
    batches.push(new WeakRef(batch))
    await to(batch, i)
    await settle()
  }
  return batches
}

describe('the memory of a store', () => {
  const memoryBytesMax = 1024 * 1024

  it('lets go of the bytes of what is evicted', async () => {
    const { store } = await openStore(undefined, { memoryBytesMax, flushBytes: 1 })
    const id = segmentId(0)
    store.create(id, 0, prelude)
    const batches = await putEach(async (batch) => void (await put(store, id, batch)))
    expect(store.stats().cachedBytes).toBeGreaterThan(memoryBytesMax / 2)
    expect(await heldBytes(batches)).toBeLessThanOrEqual(memoryBytesMax + 2 * batchBytes)
  })

  it('lets go of the bytes of what is forgotten, while there is room for all of it', async () => {
    const { store } = await openStore(undefined, { memoryBytesMax: 100 * memoryBytesMax })
    const batches = await putEach(async (batch, i) => {
      store.create(segmentId(i), 0, prelude)
      await put(store, segmentId(i), batch)
      await store.seal(segmentId(i), 1)
      await store.forget(segmentId(i))
    })
    expect(store.stats().cachedBytes).toBe(0)
    expect(await heldBytes(batches)).toBeLessThanOrEqual(2 * batchBytes)
  })
})
