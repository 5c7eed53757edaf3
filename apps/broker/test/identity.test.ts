import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Disk, encodeUtf8, isEastGuardError, SeededRandom } from '@eastguard/kernel'
import { MemoryDisk } from '@eastguard/kernel/testing'
import { describe, expect, it } from 'vitest'
import { mintIdentity, readIdentity, writeIdentity } from '../src/identity.ts'
import { running } from './running.ts'

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
    ['empty', ''],
    ['a list', '[]'],
    ['nothing', 'null'],
    ['without its format', JSON.stringify(identity)],
    ['with a format that is no number', JSON.stringify({ format: '1', ...identity })],
    ['a wrong id', JSON.stringify({ format: 1, ...identity, brokerId: 'x' })],
    [
      'a missing boot id',
      JSON.stringify({ format: 1, clusterId: identity.clusterId, brokerId: identity.brokerId, opened: true }),
    ],
  ])('that is damaged (%s) is refused', async (_what, text) => {
    const disk = new MemoryDisk()
    await put(disk, text)
    expect(await refusal(readIdentity(disk))).toMatch(
      /^EG_DATA_DIR_DAMAGED broker.json: (?!.*undefined, this).*put it back from a copy$/s,
    )
  })

  it('that is a folder is refused in words', async () => {
    const disk = new MemoryDisk()
    await disk.makeDirectory('broker.json')
    expect(await refusal(readIdentity(disk))).toBe(
      'EG_DATA_DIR_DAMAGED broker.json: it is a folder, not a file; put it back from a copy',
    )
  })

  it('that is missing beside records is damage and not a new folder', async () => {
    const disk = new MemoryDisk()
    await disk.makeDirectory('segments')
    expect(await refusal(readIdentity(disk))).toMatch(/^EG_DATA_DIR_DAMAGED .*segments\/ hold records/)
  })
})

describe('a data folder that is none ends the start', () => {
  it.each([
    [
      'it is a file',
      (path: string) => writeFile(path, ''),
      4,
      /data' failed: it is a file; name a folder.*\[EG_DISK_EXISTS\]/,
    ],
    [
      'broker.json is a folder',
      (path: string) => mkdir(join(path, 'broker.json'), { recursive: true }),
      1,
      /it is a folder, not a file.*\[EG_DATA_DIR_DAMAGED\]/,
    ],
    [
      'it is below a file',
      (path: string) => writeFile(join(path, '..', 'file'), ''),
      3,
      /file\/data' failed: ENOTDIR \[EG_DISK_NOT_FOUND\]/,
    ],
  ] as const)('%s', async (what, prepare, code, complaint) => {
    const folder = await mkdtemp(join(tmpdir(), 'eastguard-identity-'))
    try {
      await prepare(join(folder, 'data'))
      const dataDir = join(folder, what === 'it is below a file' ? 'file/data' : 'data')
      const ended = await running({ dataDir, bootstrap: true }, async () => {})
      expect([ended.code, ended.complaints]).toEqual([code, expect.stringMatching(complaint)])
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
