import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type DevStatusJson, devDownSchema, devResetSchema, devStatusSchema } from '../../apps/cli/src/json-schema.ts'
import { type Ended, eastguard, endAll, temporaryFolder } from './processes.ts'

const folders: string[] = []

afterEach(async () => {
  for (const cwd of folders.splice(0)) await eastguard(['dev', 'down'], { cwd })
  await endAll()
}, 60_000)

function projectFolder(): string {
  const folder = temporaryFolder()
  folders.push(folder)
  return folder
}

type DevBroker = DevStatusJson['brokers'][number]

function brokerOf({ code, out, err }: Ended, expected = 0): DevBroker {
  expect({ code, err }).toEqual({ code: expected, err: '' })
  const { brokers } = devStatusSchema.parse(JSON.parse(out))
  expect(brokers).toHaveLength(1)
  return brokers[0] as DevBroker // just checked
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('dev', () => {
  it('brings a broker up, and down, and keeps its records', async () => {
    const cwd = projectFolder()
    const up = brokerOf(await eastguard(['dev', 'up', '--json'], { cwd }))
    expect(up).toMatchObject({ state: 'running', rack: null, ephemeral: false })
    expect(up.dataDir).toBe(join(cwd, '.eastguard/dev/broker-1'))
    const server = `localhost:${up.ports.client}`
    await eastguard(['topic', 'create', 'orders'], { server })
    expect((await eastguard(['produce', 'orders', 'a'], { server })).code).toBe(0)
    expect(brokerOf(await eastguard(['dev', 'status', '--json'], { cwd }))).toEqual(up)
    expect(brokerOf(await eastguard(['dev', 'up', '--json'], { cwd }))).toEqual(up)

    const down = await eastguard(['dev', 'down', '--json'], { cwd })
    expect(devDownSchema.parse(JSON.parse(down.out))).toEqual({ stopped: [{ pid: up.pid }] })
    expect(brokerOf(await eastguard(['dev', 'status', '--json'], { cwd }))).toEqual({
      ...up,
      pid: null,
      state: 'stopped',
    })

    const again = brokerOf(await eastguard(['dev', 'up', '--json'], { cwd }))
    expect(again.id).toBe(up.id)
    const read = await eastguard(['consume', 'orders', '-e'], { server: `localhost:${again.ports.client}` })
    expect(read.out).toBe('a\n')
  }, 60_000)

  it('that is ephemeral leaves nothing', async () => {
    const cwd = projectFolder()
    const { dataDir } = brokerOf(await eastguard(['dev', 'up', '--ephemeral', '--json'], { cwd }))
    expect(existsSync(join(dataDir, 'broker.json'))).toBe(true)
    const conflict = await eastguard(['dev', 'up'], { cwd })
    expect(conflict.code).toBe(4)
    await eastguard(['dev', 'down'], { cwd })
    expect(existsSync(dataDir)).toBe(false)
    expect((await eastguard(['dev', 'status'], { cwd })).out).toBe('nothing was started here; eastguard dev up does\n')
  }, 60_000)

  it('says 10 when its broker was killed, and brings it up again', async () => {
    const cwd = projectFolder()
    const up = brokerOf(await eastguard(['dev', 'up', '--json'], { cwd }))
    process.kill(up.pid as number, 'SIGKILL') // it runs
    let status = await eastguard(['dev', 'status', '--json'], { cwd })
    while (status.code === 0) status = await eastguard(['dev', 'status', '--json'], { cwd })
    expect(brokerOf(status, 10)).toEqual({ ...up, pid: null, state: 'crashed' })
    const again = brokerOf(await eastguard(['dev', 'up', '--json'], { cwd }))
    expect(again).toMatchObject({ id: up.id, dataDir: up.dataDir, state: 'running' })
  }, 60_000)

  it('never ends a process that it did not start', async () => {
    const cwd = projectFolder()
    const up = brokerOf(await eastguard(['dev', 'up', '--json'], { cwd }))
    const statePath = join(cwd, '.eastguard/dev/state.json')
    const state = await readFile(statePath, 'utf8')
    // The same state after a reboot: the number is somebody else's now.
    const { writeFile } = await import('node:fs/promises')
    await writeFile(statePath, state.replace(`"pid": ${up.pid}`, `"pid": ${process.pid}`))
    const down = await eastguard(['dev', 'down', '--json'], { cwd })
    expect(devDownSchema.parse(JSON.parse(down.out))).toEqual({ stopped: [] })
    expect(isRunning(process.pid)).toBe(true)
    expect(isRunning(up.pid as number)).toBe(true)
    await writeFile(statePath, state)
  }, 60_000)

  it('is reset only with --yes, and then leaves nothing', async () => {
    const cwd = projectFolder()
    const { pid } = brokerOf(await eastguard(['dev', 'up', '--json'], { cwd }))
    expect((await eastguard(['dev', 'reset'], { cwd })).code).toBe(8)
    expect(isRunning(pid as number)).toBe(true)
    const { code, out } = await eastguard(['dev', 'reset', '--yes', '--json'], { cwd })
    expect(code).toBe(0)
    expect(devResetSchema.parse(JSON.parse(out))).toEqual({ removed: [join(cwd, '.eastguard/dev')] })
    expect(existsSync(join(cwd, '.eastguard/dev'))).toBe(false)
  }, 60_000)
})
