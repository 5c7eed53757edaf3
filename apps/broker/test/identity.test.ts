import { type Disk, encodeUtf8, isEastGuardError, SeededRandom } from '@eastguard/kernel'
import { MemoryDisk } from '@eastguard/kernel/testing'
import { describe, expect, it } from 'vitest'
import { mintIdentity, readIdentity, writeIdentity } from '../src/identity.ts'

const identity = mintIdentity(new SeededRandom(1), undefined)

const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'accepted',
    (error: unknown) => (isEastGuardError(error) ? `${error.code} ${error.message}` : String(error)),
  )

const put = async (disk: Disk, text: string): Promise<void> => {
  const file = await disk.open('broker.json', 'create')
  await file.write(0, [encodeUtf8(text)])
  await file.close()
}

describe('the identity of a broker', () => {
  it('is none in an empty folder, and then what was written', async () => {
    const disk = new MemoryDisk()
    expect(await readIdentity(disk)).toBeUndefined()
    await writeIdentity(disk, identity)
    expect(await readIdentity(disk)).toEqual(identity)
  })

  it('is there after a power failure, and is the old one or the new one', async () => {
    for (const operation of ['open', 'write', 'sync', 'rename', 'syncDirectory'] as const) {
      const disk = new MemoryDisk()
      await writeIdentity(disk, identity)
      disk.fail({ operation })
      await refusal(writeIdentity(disk, { ...identity, bootId: 2 }))
      disk.crash()
      expect((await readIdentity(disk))?.bootId, operation).toBe(1)
      await writeIdentity(disk, { ...identity, bootId: 3 })
      disk.crash()
      expect((await readIdentity(disk))?.bootId, operation).toBe(3)
    }
  })

  it('of another format is refused, not migrated', async () => {
    const disk = new MemoryDisk()
    await put(disk, JSON.stringify({ format: 2, ...identity }))
    expect(await refusal(readIdentity(disk))).toMatch(/^EG_DATA_DIR_FORMAT .*has format 2, this release reads format 1/)
  })

  it.each([
    ['not JSON', 'nonsense'],
    ['a wrong id', JSON.stringify({ format: 1, ...identity, brokerId: 'x' })],
    ['a missing boot id', JSON.stringify({ format: 1, clusterId: identity.clusterId, brokerId: identity.brokerId })],
  ])('that is damaged (%s) is refused', async (_what, text) => {
    const disk = new MemoryDisk()
    await put(disk, text)
    expect(await refusal(readIdentity(disk))).toMatch(/^EG_DATA_DIR_DAMAGED broker.json: /)
  })

  it('that is missing beside records is damage and not a new folder', async () => {
    const disk = new MemoryDisk()
    await disk.makeDirectory('segments')
    expect(await refusal(readIdentity(disk))).toMatch(/^EG_DATA_DIR_DAMAGED .*segments\/ hold records/)
  })
})
