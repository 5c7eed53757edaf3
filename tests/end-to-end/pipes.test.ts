import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eastguard, endAll, start, startBroker, type TestBroker, temporaryFolder } from './processes.ts'

let broker: TestBroker

beforeAll(async () => {
  broker = await startBroker()
  await eastguard(['topic', 'create', 'long', '--ranges', '1'], { server: broker.server })
  const file = join(temporaryFolder(), 'long')
  writeFileSync(file, `${'x'.repeat(99)}\n`.repeat(100_000))
  const { code } = await eastguard(['produce', 'long', '--file', file], { server: broker.server })
  expect(code).toBe(0)
}, 60_000)
afterAll(endAll)

describe('a reader of the output that goes away', () => {
  it('ends consume quietly', async () => {
    const consuming = start(['consume', 'long', '--json'], { server: broker.server })
    await consuming.untilOut(/\n/)
    consuming.child.stdout?.destroy()
    const { code, err } = await consuming.ended
    expect({ code, err }).toEqual({ code: 0, err: '' })
  })

  it('ends produce quietly, with 7 when lines are left', async () => {
    const producing = start(['produce', 'long', '--json'], { server: broker.server })
    producing.child.stdin?.write('a\n')
    await producing.untilOut(/\n/)
    producing.child.stdout?.destroy()
    producing.child.stdin?.write('b\n')
    const { code, err } = await producing.ended
    expect({ code, err }).toEqual({ code: 7, err: '' })
  })
})

describe('a slow reader', () => {
  it('gets everything, and the command waits for it', async () => {
    const consuming = start(['consume', 'long', '-e', '-n', '100000'], { server: broker.server })
    consuming.child.stdout?.pause()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(consuming.child.exitCode).toBe(null)
    consuming.child.stdout?.resume()
    const { code, out } = await consuming.ended
    expect({ code, bytes: out.length }).toEqual({ code: 0, bytes: 10_000_000 })
  })
})

describe('progress', () => {
  it('is never in a pipe, and neither are colours', async () => {
    const { err, out } = await eastguard(['consume', 'long', '-e', '-n', '10'], { server: broker.server })
    expect(err).toBe('')
    expect(out).not.toContain('\u001b')
  })
})

describe('the README', () => {
  it('has an example that runs as it stands', async () => {
    const readme = readFileSync(new URL('../../apps/cli/README.md', import.meta.url), 'utf8')
    const example = /```sh\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
    expect(example).toContain('eastguard dev up')
    const bin = new URL('../../apps/cli/bin/eastguard.mjs', import.meta.url).pathname
    const cwd = temporaryFolder()
    // Where the usual port is taken, the example's broker has another: the variable says which.
    const script = `set -e
eastguard() { '${process.execPath}' '${bin}' "$@"; }
${example.replace(/^eastguard dev up.*$/m, (line) => `${line}\nport=$(sed -n 's/.*"port": \\([0-9]*\\).*/\\1/p' .eastguard/dev/state.json); export EASTGUARD_SERVER=localhost:$port`)}`
    try {
      const { stdout } = await promisify(execFile)('sh', ['-c', script], { cwd })
      expect(stdout.split('\n')).toEqual(expect.arrayContaining(['u42: two books', 'u42: one pen', 'u7: three cups']))
    } finally {
      await eastguard(['dev', 'down'], { cwd })
    }
  }, 60_000)
})
