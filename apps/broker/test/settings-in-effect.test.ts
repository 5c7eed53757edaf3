import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { isEastGuardError } from '@eastguard/kernel'
import { WsNetwork } from '@eastguard/node/ws'
import { decodeConsumeOpened, decodeProduceOpened, encodeOpenConsume, encodeOpenProduce } from '@eastguard/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pinoLogger } from '../src/pino-logger.ts'
import { type BrokerHost, runBroker } from '../src/run.ts'
import type { SettingKey } from '../src/settings/table.ts'
import { settingKeys } from '../src/settings/table.ts'
import { get, running } from './running.ts'
import { World } from './world.ts'

// One test per setting: what it changes is seen from outside. A setting without one does not compile.

interface Case {
  readonly fact: string
  check(): Promise<void>
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (isEastGuardError(error) ? error.code : String(error)),
  )

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eastguard-settings-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const opened = async (flags: {
  readonly [key: string]: unknown
}): Promise<{ readonly windowBytes: number; readonly windowBatches: number }> => {
  await using world = await World.start(flags)
  const { id: topic } = await (await world.client()).admin.topics.create('t')
  const client = await world.raw()
  client.send('openProduce', 1, encodeOpenProduce({ topic, range: 0 }))
  return decodeProduceOpened((await client.next('produceOpened', 1)).body)
}

const cases: { readonly [Key in SettingKey]: Case } = {
  dataDir: {
    fact: 'the folder that everything is in',
    async check() {
      const first = join(folder, 'first')
      expect((await running({ dataDir: first, bootstrap: true }, async () => {})).code).toBe(0)
      expect((await running({ dataDir: first }, async () => {})).code).toBe(0)
      const other = await running({ dataDir: join(folder, 'other') }, async () => {})
      expect([other.code, other.complaints]).toEqual([3, expect.stringContaining('say --bootstrap')])
    },
  },
  bootstrap: {
    fact: 'creates a cluster once, and never over another',
    async check() {
      const world = new World()
      expect(await codeOf(world.start())).toBe('EG_NO_CLUSTER')
      await world.start({ bootstrap: true })
      await world.broker?.close()
      world.storage = world.storage.reopen()
      expect(await codeOf(world.start({ bootstrap: true }))).toBe('EG_CLUSTER_EXISTS')
      await world.start()
      await world[Symbol.asyncDispose]()
    },
  },
  clusterId: {
    fact: 'names the new cluster, and refuses the folder of another',
    async check() {
      const wanted = 'ab'.repeat(16)
      await using world = await World.start({ clusterId: wanted })
      expect(world.broker?.identity.clusterId).toBe(wanted)
      await world.restart({ clusterId: wanted })
      await world.broker?.close()
      world.storage = world.storage.reopen()
      expect(await codeOf(world.start({ clusterId: '0'.repeat(32) }))).toBe('EG_WRONG_CLUSTER')
    },
  },
  listen: {
    fact: 'where it is reached',
    async check() {
      await using world = await World.start({ listen: '127.0.0.1:4711' })
      expect(world.broker?.address).toEqual({ host: '127.0.0.1', port: 4711 })
      expect((await (await world.client()).admin.broker.describe()).healthy).toBe(true)
    },
  },
  advertise: {
    fact: 'the address that clients are told',
    async check() {
      await using world = await World.start({ advertise: 'broker.example:9' })
      const { addresses } = await (await world.client()).admin.broker.describe()
      expect(addresses).toEqual([{ name: 'client', host: 'broker.example', port: 9 }])
    },
  },
  insecure: {
    fact: 'beyond loopback only when it is said',
    async check() {
      const flags = {
        dataDir: join(folder, 'insecure'),
        bootstrap: true,
        listen: '0.0.0.0:0',
        advertise: '127.0.0.1:1',
      }
      const refused = await running(flags, async () => {})
      expect([refused.code, refused.complaints]).toEqual([2, expect.stringContaining('--insecure')])
      let status = 0
      await running({ ...flags, insecure: true }, async (port) => {
        status = await get(port, {})
      })
      expect(status).toBe(200)
    },
  },
  origins: {
    fact: 'web pages that are named may connect, no others',
    async check() {
      const dataDir = join(folder, 'origins')
      const statuses: number[] = []
      await running({ dataDir, bootstrap: true, origins: 'https://console.example' }, async (port) => {
        for (const origin of ['https://console.example', 'https://evil.example'])
          statuses.push(await get(port, { origin }))
      })
      expect(statuses).toEqual([200, 403])
    },
  },
  hosts: {
    fact: 'host names that are named may be used, no others',
    async check() {
      const dataDir = join(folder, 'hosts')
      const statuses: number[] = []
      await running({ dataDir, bootstrap: true, hosts: 'broker.example' }, async (port) => {
        for (const host of ['broker.example', 'evil.example'])
          statuses.push(await get(port, { host: `${host}:${port}` }))
      })
      expect(statuses).toEqual([200, 403])
    },
  },
  logLevel: {
    fact: 'the least that is logged',
    async check() {
      const lines: string[] = []
      const destination = { write: (line: string) => void lines.push(line) }
      const logger = pinoLogger({ level: 'warn', format: 'json', destination })
      logger.info('unheard')
      logger.warn('heard', { segment: 'a' })
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ msg: 'heard', segment: 'a' }])
    },
  },
  logFormat: {
    fact: 'lines for people instead of JSON',
    async check() {
      const lines: string[] = []
      const destination = new Writable({
        write(chunk, _encoding, done) {
          lines.push(String(chunk))
          done()
        },
      })
      pinoLogger({ level: 'info', format: 'text', destination }).info('segment sealed', { end: 7 })
      expect(lines.join('')).toMatch(/INFO.*segment sealed[^{]*end: 7/s)
    },
  },
  memoryBytes: {
    fact: 'what waits for the disk stays inside it',
    async check() {
      await using world = await World.start({ memoryBytes: '16MiB' })
      const client = await world.client()
      await client.admin.topics.create('t')
      const release = world.disk.hold('write')
      const producer = client.producer('t', { lingerMs: 0, bufferBytes: 64 * 2 ** 20 })
      const value = 'x'.repeat(200_000)
      const receipts = Array.from({ length: 100 }, () => producer.send({ value }))
      await expect
        .poll(async () => (await client.admin.broker.describe()).store.unflushedBytes)
        .toBeGreaterThan(2 ** 20)
      const { unflushedBytes } = (await client.admin.broker.describe()).store
      expect(unflushedBytes).toBeLessThanOrEqual(8 * 2 ** 20 + value.length)
      release()
      await Promise.all(receipts)
    },
  },
  journalFileBytes: {
    fact: 'the size of journal files',
    async check() {
      await using world = await World.start({ journalFileBytes: '768KiB' })
      const files = await world.disk.list('journal')
      const file = await world.disk.open(`journal/${files[0]?.name ?? ''}`, 'read')
      expect(await file.size()).toBe(768 * 2 ** 10)
    },
  },
  metadataBytesMax: {
    fact: 'full metadata is refused, and can still delete',
    async check() {
      const { connect } = await import('@eastguard/client')
      const flags = { dataDir: join(folder, 'metadata'), bootstrap: true, metadataBytesMax: '4MiB' }
      const { code } = await running(flags, async (port) => {
        const client = await connect({ seeds: [`127.0.0.1:${port}`] })
        let created = 0
        const fill = async (): Promise<void> => {
          for (; created < 40; created++) await client.admin.topics.create(`t${created}`, { ranges: 4_096 })
        }
        expect(await codeOf(fill())).toBe('EG_STORAGE_FULL')
        await client.admin.topics.delete('t0')
        await client.admin.topics.create('small')
        await client.close()
      })
      expect(code).toBe(0)
    },
  },
  batchBytesMax: {
    fact: 'the limit that producers are told',
    async check() {
      await using world = await World.start({ batchBytesMax: '64KiB' })
      const client = await world.client()
      await client.admin.topics.create('t')
      const send = client.producer('t').send({ value: 'x'.repeat(70_000) })
      expect(await codeOf(send)).toBe('EG_RECORD_TOO_LARGE')
    },
  },
  produceWindowBytes: {
    fact: 'is announced',
    async check() {
      expect((await opened({ produceWindowBytes: '128KiB' })).windowBytes).toBe(128 * 2 ** 10)
    },
  },
  produceWindowBatches: {
    fact: 'is announced',
    async check() {
      expect((await opened({ produceWindowBatches: 3 })).windowBatches).toBe(3)
    },
  },
  consumeWindowBytesMax: {
    fact: 'bounds what a reader may ask for',
    async check() {
      await using world = await World.start({ consumeWindowBytesMax: '64KiB' })
      const writer = await world.client()
      const { id: topic } = await writer.admin.topics.create('t')
      const producer = writer.producer('t')
      for (let i = 0; i < 20; i++) await producer.send({ value: 'x'.repeat(20_000) })
      const client = await world.raw()
      client.send('openConsume', 1, encodeOpenConsume({ topic, range: 0, from: 0, windowBytes: 2 ** 30 }))
      expect(decodeConsumeOpened((await client.next('consumeOpened', 1)).body).committedEnd).toBe(20)
      await expect.poll(() => client.unread.length).toBeGreaterThan(0)
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(client.unread.reduce((sum, { body }) => sum + body.length, 0)).toBeLessThanOrEqual(65 * 2 ** 10)
    },
  },
  connectionsMax: {
    fact: 'one more is refused',
    async check() {
      await using world = await World.start({ connectionsMax: 2 })
      const clients = [await world.raw(), await world.raw()]
      expect(
        await world.raw().then(
          () => 'served',
          () => 'refused',
        ),
      ).toBe('refused')
      expect(clients.length).toBe(2)
    },
  },
  helloTimeout: {
    fact: 'ends silence on a raw connection',
    async check() {
      const world = new World()
      const network = new WsNetwork({ handshakeTimeoutMs: 50 })
      await world.start({ bootstrap: true, helloTimeout: '50ms', listen: '127.0.0.1:0' }, network)
      const startedAt = performance.now()
      const { RawClient } = await import('./raw-client.ts')
      const silent = await RawClient.connect(network, world.address)
      await silent.closed()
      expect(performance.now() - startedAt).toBeLessThan(5_000)
      await world[Symbol.asyncDispose]()
    },
  },
  idleInterval: {
    fact: 'is announced, and kept',
    async check() {
      await using world = await World.start({ idleInterval: '30ms' })
      const { id: topic } = await (await world.client()).admin.topics.create('t')
      const client = await world.raw()
      client.send('openConsume', 1, encodeOpenConsume({ topic, range: 0, from: 0, windowBytes: 1_000 }))
      for (let i = 0; i < 3; i++) expect((await client.next('idle', 1)).stream).toBe(1)
    },
  },
  reconcileInterval: {
    fact: 'how soon a roll is noticed',
    async check() {
      await using world = await World.start({ reconcileInterval: '60s' })
      const client = await world.client()
      await client.admin.topics.create('t', { segmentBytes: 4_096 })
      await client.producer('t').send({ value: 'x'.repeat(10_000) })
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect((await client.admin.topics.describe('t')).rangeList[0]?.segmentCount).toBe(1)
      await world.restart({ reconcileInterval: '10ms' })
      const again = await world.client()
      await again.producer('t').send({ value: 'x'.repeat(10_000) })
      await expect
        .poll(async () => (await again.admin.topics.describe('t')).rangeList[0]?.segmentCount)
        .toBeGreaterThan(2)
    },
  },
  drainTimeout: {
    fact: 'bounds how long a stop waits',
    async check() {
      await using world = await World.start({ drainTimeout: '200ms' })
      const client = await world.client()
      await client.admin.topics.create('t')
      const release = world.disk.hold('sync')
      const stuck = codeOf(client.producer('t', { lingerMs: 0, deadlineMs: 2_000 }).send({ value: 'stuck' }))
      await new Promise((resolve) => setTimeout(resolve, 30))
      const closing = world.broker?.close()
      await new Promise((resolve) => setTimeout(resolve, 400))
      release()
      await closing
      expect(['EG_OUTCOME_UNKNOWN', 'done']).toContain(await stuck)
    },
  },
  vnodeCount: {
    fact: 'metadata shards of the new cluster',
    async check() {
      await using world = await World.start({ vnodeCount: 1 })
      const client = await world.client()
      const births = new Set<string>()
      for (const name of ['a', 'b', 'c', 'd']) births.add((await client.admin.topics.create(name)).id.slice(0, 8))
      expect([...births]).toEqual(['00000000'])
      const world16 = await World.start({ vnodeCount: 16 })
      const many = new Set<string>()
      const client16 = await world16.client()
      for (const name of ['a', 'b', 'c', 'd']) many.add((await client16.admin.topics.create(name)).id.slice(0, 8))
      expect(many.size).toBeGreaterThan(1)
      await world16[Symbol.asyncDispose]()
    },
  },
}

describe('a setting takes effect', () => {
  it.each(settingKeys.map((key) => ({ key, ...cases[key] })))('$key: $fact', async ({ check }) => {
    expect.hasAssertions()
    await check()
  })
})

describe('the settings file', () => {
  it('that cannot be read, or is wrong, ends the start with 2; --check-config prints values and sources', async () => {
    const path = join(folder, 'eastguard.yaml')
    await writeFile(path, 'dataDir: somewhere\nidleInterval: 2s\n')
    const { readFile } = await import('node:fs/promises')
    const printed: string[] = []
    const host: BrokerHost = {
      environment: { EASTGUARD_VNODE_COUNT: '8' },
      readText: (name) => readFile(name, 'utf8'),
      print: (line) => void printed.push(line),
      complain: (error) => void printed.push(String(error)),
      onStop: () => {},
    }
    expect(await runBroker({ config: path, checkConfig: true, settings: {} }, host)).toBe(0)
    expect(printed).toContain(`dataDir: somewhere  # ${path}:1:1`)
    expect(printed).toContain('vnodeCount: 8  # EASTGUARD_VNODE_COUNT')
    expect(printed).toContain('memoryBytes: 256MiB  # default')
    printed.length = 0
    expect(await runBroker({ config: `${path}.missing`, checkConfig: true, settings: {} }, host)).toBe(2)
    expect(printed.join('\n')).toContain('cannot read the settings file')
  })
})
