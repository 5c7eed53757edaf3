import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryDisk } from '../src/testing.ts'

async function content(disk: MemoryDisk, path: string): Promise<readonly number[]> {
  const file = await disk.open(path, 'read')
  const bytes = new Uint8Array(await file.size())
  await file.read(0, bytes)
  return [...bytes]
}

describe('a crash', () => {
  it('brings back the bytes of the last sync, whatever was written after it', async () => {
    const step = fc.oneof(
      fc.record({ at: fc.nat(40), bytes: fc.uint8Array({ maxLength: 20 }) }),
      fc.record({ size: fc.nat(60) }),
      fc.constant('sync' as const),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step), async (steps) => {
        const disk = new MemoryDisk()
        const file = await disk.open('a', 'create')
        await disk.syncDirectory('')
        let synced: readonly number[] = []
        for (const next of steps) {
          if (next === 'sync') {
            await file.sync()
            synced = await content(disk, 'a')
          } else if ('size' in next) await file.truncate(next.size)
          else await file.write(next.at, [next.bytes])
        }
        disk.crash()
        expect(await content(disk, 'a')).toEqual(synced)
      }),
    )
  })

  it('forgets names that no syncDirectory has covered, and renames with them', async () => {
    const disk = new MemoryDisk()
    await (await disk.open('old', 'create')).close()
    await disk.syncDirectory('')
    await disk.rename('old', 'new')
    await (await disk.open('another', 'create')).close()
    disk.crash()
    expect((await disk.list('')).map((entry) => entry.name)).toEqual(['old'])
  })

  it('keeps nothing of a file whose sync failed (H52)', async () => {
    const disk = new MemoryDisk()
    const file = await disk.open('a', 'create')
    await disk.syncDirectory('')
    await file.write(0, [Uint8Array.of(1)])
    disk.fail({ operation: 'sync', path: 'a' })
    await expect(file.sync()).rejects.toMatchObject({ code: 'EG_DISK_FAILED' })
    await (await disk.open('a', 'write')).sync()
    disk.crash()
    expect(await content(disk, 'a')).toEqual([])
  })
})

it('the n-th write fails, half of it written; a full disk says so; calls are counted and can be held', async () => {
  const disk = new MemoryDisk({ capacityBytes: 10 })
  const file = await disk.open('a', 'create')
  disk.fail({ operation: 'write', at: 2 })
  await file.write(0, [Uint8Array.of(1, 1)])
  await expect(file.write(2, [Uint8Array.of(2, 2)])).rejects.toMatchObject({ code: 'EG_DISK_FAILED' })
  expect(await content(disk, 'a')).toEqual([1, 1, 2])
  await expect(file.write(0, [new Uint8Array(11)])).rejects.toMatchObject({ code: 'EG_DISK_FULL' })
  const release = disk.hold('sync', 'a')
  let synced = false
  const syncing = file.sync().then(() => {
    synced = true
  })
  await content(disk, 'a')
  expect(synced).toBe(false)
  release()
  await syncing
  expect([disk.callCount('sync', 'a'), disk.callCount('write'), disk.callCount('sync', 'b')]).toEqual([1, 3, 0])
})
