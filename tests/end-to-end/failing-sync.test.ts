import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { eastguard, endAll, start, startBroker, temporaryFolder } from './processes.ts'

afterEach(endAll)

describe('a sync that fails', () => {
  it('H52: ends the process with 1 and a clear message, nothing after it was acknowledged, the rest is there', async () => {
    const folder = temporaryFolder()
    const dataDir = join(folder, 'data')
    const failWhen = join(folder, 'fail')
    const preload = new URL('./failing-sync.mjs', import.meta.url).href
    const flags = ['--data-dir', dataDir, '--listen', '127.0.0.1:0', '--journal-file-bytes', '4MiB', '--bootstrap']
    const env = { NODE_OPTIONS: `--import ${preload}`, FAIL_SYNC_WHEN: failWhen }
    const broker = start(['start', ...flags, '--log-level', 'error'], { env })
    const [, server = ''] = await broker.untilOut(/listening on (\S+?),/)
    expect((await eastguard(['topic', 'create', 'orders'], { server })).code).toBe(0)
    expect((await eastguard(['produce', 'orders', 'kept'], { server })).code).toBe(0)

    writeFileSync(failWhen, '')
    const doubtful = await eastguard(['produce', 'orders', 'doubtful', '--timeout', '2s'], { server })
    expect(doubtful.code).toBe(6)
    expect(doubtful.err).toContain('0 acknowledged, 1 unknown')
    const { code, err } = await broker.ended
    expect(code).toBe(1)
    expect(err).toMatch(/the store has stopped after a storage error.*\(EG_STORE_FAILED\)/)

    rmSync(failWhen)
    const again = await startBroker({ dataDir })
    const { out } = await eastguard(['consume', 'orders', '-e'], { server: again.server })
    // P15: the doubtful record may have reached the disk; the acknowledged one must have.
    expect(['kept\n', 'kept\ndoubtful\n']).toContain(out)
  })
})
