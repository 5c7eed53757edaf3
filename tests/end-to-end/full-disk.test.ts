import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { errorLineSchema, receiptSchema, statusSchema } from '../../apps/cli/src/json-schema.ts'
import { eastguard, endAll, jsonLines, startBroker, temporaryFolder } from './processes.ts'

const mounts: string[] = []

/** A small file system of its own; undefined where this user may not mount one. */
function smallDisk(): string | undefined {
  const folder = join(temporaryFolder(), 'disk')
  mkdirSync(folder)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  mounts.push(folder)
  return folder
}

function unmountAll(): void {
  for (const folder of mounts.splice(0)) execFileSync('umount', [folder])
}

const canMount = smallDisk() !== undefined
unmountAll()

afterEach(() => endAll(unmountAll))
afterAll(() => endAll())

describe('a full disk', () => {
  it.skipIf(!canMount)(
    'P11: refuses records, serves what is there, says so, and goes on when room is made (skipped without the right to mount)',
    async () => {
      const dataDir = join(smallDisk() ?? '', 'data')
      const { server } = await startBroker({ dataDir, flags: ['--bootstrap'] })
      await eastguard(['topic', 'create', 'full', '--ranges', '1', '--segment-bytes', '8MiB'], { server })
      const file = join(temporaryFolder(), 'lines')
      writeFileSync(file, `${'x'.repeat(9_999)}\n`.repeat(12_000))

      const { code, out, err } = await eastguard(['produce', 'full', '--file', file, '--json'], { server })
      expect(code).toBe(7)
      const receipts = jsonLines(out).map((line) => receiptSchema.parse(line))
      const { error } = errorLineSchema.parse(JSON.parse(err))
      expect(error).toMatchObject({ code: 'EG_DISK_FULL', facts: { acknowledged: receipts.length, unknown: 0 } })

      const status = await eastguard(['status', '--json'], { server })
      expect(status.code).toBe(10)
      expect(statusSchema.parse(JSON.parse(status.out))).toMatchObject({ healthy: false, disk: { state: 'refuse' } })

      const count = await eastguard(['consume', 'full', '-e', '-f', '.'], { server })
      expect({ code: count.code, records: count.out.length }).toEqual({ code: 0, records: receipts.length })

      expect((await eastguard(['topic', 'trim', 'full', '--before', 'end', '--yes'], { server })).code).toBe(0)
      for (let attempt = 0; attempt < 100; attempt++, await pause(100)) {
        if ((await eastguard(['produce', 'full', 'again'], { server })).code === 0) break
      }
      expect((await eastguard(['produce', 'full', 'again'], { server })).code).toBe(0)
    },
    60_000,
  )
})
