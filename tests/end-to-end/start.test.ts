import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { errorLineSchema } from '../../apps/cli/src/json-schema.ts'
import { brokerBin, type Ended, eastguard, endAll, Running, startBroker, temporaryFolder } from './processes.ts'

afterEach(endAll)

/** A data folder in which a cluster was born, with no broker on it. */
async function bornFolder(): Promise<string> {
  const broker = await startBroker()
  expect((await broker.end('SIGTERM')).code).toBe(0)
  return broker.dataDir
}

const startOn = (dataDir: string, ...flags: readonly string[]): Promise<Ended> =>
  eastguard(['start', '--data-dir', dataDir, '--listen', '127.0.0.1:0', ...flags])

describe('start --check-config', () => {
  it('prints every setting with its source, and starts nothing', async () => {
    const folder = temporaryFolder()
    const config = join(folder, 'eastguard.yaml')
    writeFileSync(config, '# sizes\nmemoryBytes: 64MiB\nidleInterval: 2s\n')
    const { code, out, err } = await eastguard(
      ['start', '--config', config, '--data-dir', join(folder, 'data'), '--check-config'],
      { env: { EASTGUARD_IDLE_INTERVAL: '3s' } },
    )
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain(`memoryBytes: 64MiB  # ${config}:2:1\n`)
    expect(out).toContain('idleInterval: 3s  # EASTGUARD_IDLE_INTERVAL\n')
    expect(out).toContain('# --data-dir\n')
    expect(out).toContain('vnodeCount: 16  # default\n')
    expect(() => readFileSync(join(folder, 'data', 'broker.json'))).toThrow('ENOENT')
  })

  it('refuses what it does not know with the place in the file, and suggests', async () => {
    const config = join(temporaryFolder(), 'eastguard.yaml')
    writeFileSync(config, 'dataDir: d\nmemory_bytes: 64MiB\n')
    const { code, err } = await eastguard(['start', '--config', config, '--check-config'])
    expect(code).toBe(2)
    expect(err).toContain(`memory_bytes: no such setting; did you mean memoryBytes? (${config}:2:1)`)
  })
})

describe('start with wrong settings', () => {
  it.each([
    [['start'], {}, 'dataDir: missing; say --data-dir'],
    [
      ['start', '--data-dir', 'd', '--memory-bytes', '1'],
      {},
      'memoryBytes: "1" must be from 16MiB to 64GiB (--memory-bytes)',
    ],
    [
      ['start', '--data-dir', 'd'],
      { EASTGUARD_LISTEN: 'nowhere' },
      'listen: "nowhere" is not host:port (EASTGUARD_LISTEN)',
    ],
    [['start', '--data-dir', 'd', '--listen', '0.0.0.0:0'], {}, 'say --insecure if that is meant'],
    [['start', '--config', '/no/such/file'], {}, 'cannot read the settings file /no/such/file'],
    [['start', '--no-such-flag'], {}, "unknown option '--no-such-flag'"],
  ] as const)('ends with 2 and says which: %j', async (args, env, message) => {
    const cwd = temporaryFolder()
    const plain = await eastguard(args, { cwd, env })
    expect({ code: plain.code, out: plain.out }).toEqual({ code: 2, out: '' })
    expect(plain.err).toContain(message)
    const json = await eastguard([...args, '--json'], { cwd, env })
    expect(errorLineSchema.parse(JSON.parse(json.err)).error).toMatchObject({ exitCode: 2 })
  })
})

describe('start on a data folder', () => {
  it('without a cluster ends with 3 and says --bootstrap', async () => {
    const { code, err } = await startOn(join(temporaryFolder(), 'data'))
    expect(code).toBe(3)
    expect(err).toContain('--bootstrap')
  })

  it('with a cluster refuses to create another: 4', async () => {
    const { code, err } = await startOn(await bornFolder(), '--bootstrap')
    expect(code).toBe(4)
    expect(err).toContain('EG_CLUSTER_EXISTS')
  })

  it('of another cluster ends with 4 and names both', async () => {
    const dataDir = await bornFolder()
    const other = 'f'.repeat(32)
    const { clusterId } = JSON.parse(readFileSync(join(dataDir, 'broker.json'), 'utf8')) as { clusterId: string }
    const { code, err } = await startOn(dataDir, '--cluster-id', other)
    expect(code).toBe(4)
    expect(err).toContain(other)
    expect(err).toContain(clusterId)
  })

  it('that another process uses ends with 4 and names the process', async () => {
    const broker = await startBroker()
    const { code, err } = await startOn(broker.dataDir)
    expect(code).toBe(4)
    expect(err).toContain('EG_DATA_DIR_LOCKED')
    expect(err).toContain(String(broker.process.child.pid))
  })

  it('of a newer format ends with 5 and names both formats', async () => {
    const dataDir = await bornFolder()
    const path = join(dataDir, 'broker.json')
    const identity = JSON.parse(readFileSync(path, 'utf8')) as { readonly format: number }
    writeFileSync(path, JSON.stringify({ ...identity, format: 999 }))
    const { code, err } = await startOn(dataDir)
    expect(code).toBe(5)
    expect(err).toMatch(/format 999.*format 1/)
  })

  it('that it may not write ends with 5 and names the folder', async () => {
    const dataDir = readOnlyFolder()
    const { code, err } = await startOn(dataDir, '--bootstrap')
    expect(code).toBe(5)
    expect(err).toContain('EG_DISK_READ_ONLY')
    expect(err).toContain(dataDir)
  })

  it('is left as it was when the port is taken: 4, and the address is named', async () => {
    const { server } = await startBroker()
    const dataDir = await bornFolder()
    const taken = await eastguard(['start', '--data-dir', dataDir, '--listen', server])
    expect(taken.code).toBe(4)
    expect(taken.err).toContain(server)
    const broker = await startBroker({ dataDir })
    expect((await eastguard(['status'], { server: broker.server })).code).toBe(0)
  })

  /** The superuser may write anywhere but where the kernel itself says no. */
  function readOnlyFolder(): string {
    if (process.getuid?.() === 0) return '/sys/eastguard'
    const folder = join(temporaryFolder(), 'read-only')
    mkdirSync(folder)
    chmodSync(folder, 0o555)
    return join(folder, 'data')
  }
})

interface HttpAnswer {
  readonly status: number | undefined
  readonly body: string
}

function request(server: string, path: string, headers: { readonly [name: string]: string } = {}): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    get(`http://${server}${path}`, { headers, agent: false }, (answer) => {
      let body = ''
      answer.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      answer.on('end', () => resolve({ status: answer.statusCode, body }))
    }).once('error', reject)
  })
}

describe('the HTTP endpoints', () => {
  it('say that the broker lives, is ready, and what it counts', async () => {
    const { server } = await startBroker()
    expect(await request(server, '/livez')).toEqual({ status: 200, body: 'ok\n' })
    expect(await request(server, '/readyz')).toEqual({ status: 200, body: 'ok\n' })
    const metrics = await request(server, '/metrics')
    expect(metrics.status).toBe(200)
    expect(metrics.body).toMatch(/^# HELP eastguard_/m)
    expect((await request(server, '/nothing')).status).toBe(404)
  })

  it('H70: are not for web pages that reach a local port', async () => {
    const { server } = await startBroker()
    expect((await request(server, '/livez', { origin: 'https://evil.example' })).status).toBe(403)
    expect((await request(server, '/livez', { host: 'evil.example' })).status).toBe(403)
  })

  it('P12: survive a port full of nonsense', async () => {
    const { server } = await startBroker()
    const [host, port] = server.split(':') as [string, string]
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), host, () => socket.end(Buffer.alloc(100_000, 0xff)))
      socket.on('error', () => {}).on('close', () => resolve())
      socket.resume()
    })
    expect((await eastguard(['status'], { server })).code).toBe(0)
  })
})

describe('a broker that is told to stop', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('by %s drains and ends with 0, and what it said stands', async (signal) => {
    const broker = await startBroker()
    await eastguard(['topic', 'create', 'kept', '--ranges', '1'], { server: broker.server })
    await eastguard(['produce', 'kept', 'a', 'b'], { server: broker.server })
    broker.process.child.kill(signal)
    expect((await broker.process.ended).code).toBe(0)
    const again = await startBroker({ dataDir: broker.dataDir })
    expect((await eastguard(['consume', 'kept', '-e'], { server: again.server })).out).toBe('a\nb\n')
  })

  it('twice ends at once', async () => {
    const { process: broker } = await startBroker()
    // Both signals wait when the process goes on: it hears of the second while it has hardly begun to stop.
    for (const signal of ['SIGSTOP', 'SIGTERM', 'SIGINT', 'SIGCONT'] as const) broker.child.kill(signal)
    expect([130, 143]).toContain((await broker.ended).code)
  })
})

describe('eastguard-broker', () => {
  it('is the same broker in a command of its own', async () => {
    const dataDir = join(temporaryFolder(), 'data')
    const broker = new Running(brokerBin, ['--data-dir', dataDir, '--bootstrap', '--listen', '127.0.0.1:0'])
    const [, server] = await broker.untilOut(/listening on (\S+?),/)
    expect((await eastguard(['status', '--json'], { server: server as string })).code).toBe(0)
    broker.child.kill('SIGTERM')
    expect((await broker.ended).code).toBe(0)
  })
})
