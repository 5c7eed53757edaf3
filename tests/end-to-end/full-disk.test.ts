import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { errorLineSchema, statusSchema, trimSchema } from '../../apps/cli/src/json-schema.ts'
import { type Ended, eastguard, endProcesses, removeFolders, startBroker, temporaryFolder } from './processes.ts'

/** So that the share at which a broker refuses is more than what its metadata keeps in reserve. */
const diskMiB = 768
const lineCount = 3_000
const mounts: string[] = []

/** A small file system of its own; undefined where this user may not mount one. */
function smallDisk(): string | undefined {
  const folder = join(temporaryFolder(), 'disk')
  mkdirSync(folder)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMiB}m`, 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  mounts.push(folder)
  return folder
}

function unmountAll(): void {
  for (const folder of mounts.splice(0)) execFileSync('umount', [folder])
}

/** Somebody else's file, which leaves so much. @returns removes it */
function fill(disk: string, leaveMiB: number): () => void {
  const path = join(disk, 'filler')
  const file = openSync(path, 'w')
  const block = Buffer.alloc(2 ** 20)
  const { bavail, bsize } = statfsSync(disk)
  for (let left = bavail * bsize; left > leaveMiB * 2 ** 20; left -= block.length) writeSync(file, block)
  closeSync(file)
  return () => rmSync(path)
}

/** Until nearly all records are in their segments' files, where they need no more room. */
async function untilFlushed(server: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++, await pause(100)) {
    const { out } = await eastguard(['status', '--json'], { server })
    if ((statusSchema.parse(JSON.parse(out)).store['unflushedBytes'] ?? 0) < 4 * 2 ** 20) return
  }
}

/** Repeats until a command ends with this code. */
async function until(code: number, run: () => Promise<Ended>): Promise<Ended> {
  let ended = await run()
  for (let attempt = 0; attempt < 100 && ended.code !== code; attempt++) {
    await pause(100)
    ended = await run()
  }
  expect(ended.code).toBe(code)
  return ended
}

const canMount = smallDisk() !== undefined
unmountAll()

afterEach(async () => {
  await endProcesses()
  unmountAll()
})
afterAll(removeFolders)

describe('a full disk', () => {
  it.skipIf(!canMount)(
    'P11: refuses records, serves what is there, says so, and goes on when room is made (skipped without the right to mount)',
    async () => {
      const disk = smallDisk() ?? ''
      const { server } = await startBroker({ dataDir: join(disk, 'data'), flags: ['--bootstrap'] })
      await eastguard(['topic', 'create', 'full', '--ranges', '1', '--segment-bytes', '8MiB'], { server })
      const file = join(temporaryFolder(), 'lines')
      writeFileSync(file, `${'x'.repeat(9_999)}\n`.repeat(lineCount))
      expect((await eastguard(['produce', 'full', '--file', file], { server })).code).toBe(0)

      await untilFlushed(server)
      const makeRoom = fill(disk, 18)
      // The broker looks at its disk while it writes, once a second.
      let count = lineCount
      const status = await until(10, async () => {
        if ((await eastguard(['produce', 'full', 'more'], { server })).code === 0) count++
        return eastguard(['status', '--json'], { server })
      })
      expect(statusSchema.parse(JSON.parse(status.out))).toMatchObject({ healthy: false, disk: { state: 'refuse' } })
      const refused = await eastguard(['produce', 'full', 'more', '--json'], { server })
      expect(refused).toMatchObject({ code: 1, out: '' })
      expect(errorLineSchema.parse(JSON.parse(refused.err)).error).toMatchObject({ code: 'EG_DISK_FULL' })

      const read = await eastguard(['consume', 'full', '-e', '-f', '.'], { server })
      expect({ code: read.code, records: read.out.length }).toEqual({ code: 0, records: count })

      const trim = await eastguard(['topic', 'trim', 'full', '--before', 'end', '--yes', '--json'], { server })
      expect(trimSchema.parse(JSON.parse(trim.out)).ranges[0]?.removedSegments).toBeGreaterThan(0)
      makeRoom()
      await until(0, () => eastguard(['produce', 'full', 'more'], { server }))
    },
    60_000,
  )
})
