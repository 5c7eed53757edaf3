import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Connection, type ConnectionHandler, type Network, SeededRandom, silentLogger } from '@eastguard/kernel'
import { MemoryClock } from '@eastguard/kernel/testing'
import { WsNetwork } from '@eastguard/node/ws'
import {
  chooseLimits,
  decodeConsumeOpened,
  encodeFrame,
  encodeHello,
  encodeOpenConsume,
  kinds,
  unaryCodecs,
} from '@eastguard/protocol'
import { describe, expect, it } from 'vitest'
import { ClientConnection } from '../src/client-port/client-connection.ts'
import { SendBudget } from '../src/client-port/send-budget.ts'
import { hello, RawClient } from './raw-client.ts'
import { World } from './world.ts'

// Clients that send and do not read (P12, P18). What they cost is counted where it waits: at the broker's end of the
// connection.

const MiB = 2 ** 20

/** Remembers how much was ever buffered towards a client, and lends messages for no longer than it must. */
class WatchedNetwork implements Network {
  readonly #inner: Network
  bufferedBytesMax = 0

  constructor(inner: Network) {
    this.#inner = inner
  }

  readonly connect: Network['connect'] = (to, options) => this.#inner.connect(to, options)
  readonly bindDatagram: Network['bindDatagram'] = (at, receive) => this.#inner.bindDatagram(at, receive)
  readonly listen: Network['listen'] = (at, accept, options) =>
    this.#inner.listen(
      at,
      { ...accept, connection: (connection) => accept.connection(this.#watch(connection)) },
      options,
    )

  #watch(connection: Connection): Connection {
    return {
      remote: connection.remote,
      get bufferedBytes() {
        return connection.bufferedBytes
      },
      start: (handler) => {
        const message = (bytes: Uint8Array): void => {
          handler.message(bytes)
          bytes.fill(0xff) // it was borrowed
        }
        connection.start({ message, drained: () => handler.drained(), closed: (reason) => handler.closed(reason) })
      },
      send: (parts) => {
        connection.send(parts)
        this.bufferedBytesMax = Math.max(this.bufferedBytesMax, connection.bufferedBytes)
      },
      pauseReceive: () => connection.pauseReceive(),
      resumeReceive: () => connection.resumeReceive(),
      close: (code, reason) => connection.close(code, reason),
      destroy: () => connection.destroy(),
    }
  }
}

const watched = async (
  use: (world: World, network: WatchedNetwork) => Promise<void>,
  flags: { readonly [key: string]: unknown } = {},
): Promise<void> => {
  await using world = new World()
  const network = new WatchedNetwork(world.network)
  await world.start({ bootstrap: true, ...flags }, network)
  await use(world, network)
}

/** Long enough for whatever the broker does about it, as nothing of it waits for a timer. */
const settled = async (world: World, network: WatchedNetwork): Promise<void> => {
  const other = await world.raw()
  for (let before = -1; before !== network.bufferedBytesMax; ) {
    before = network.bufferedBytesMax
    for (let i = 0; i < 20; i++) expect((await other.call('describeBroker', {})).healthy).toBe(true)
  }
  other.destroy()
}

const createTopics = async (world: World, count: number): Promise<void> => {
  const client = await world.raw()
  const random = new SeededRandom(7)
  const create = (i: number): Promise<unknown> => {
    const name = `${i}-`.padEnd(200, 'x')
    return client.call('createTopic', { requestId: random.bytes(16), name, ranges: { kind: 'auto' }, policy: {} })
  }
  await Promise.all(Array.from({ length: count }, (_, i) => create(i)))
  client.destroy()
}

/** `count` records of `valueBytes` each, a batch each. @returns the topic's id */
const fill = async (world: World, count: number, valueBytes: number): Promise<string> => {
  const writer = await world.client()
  const { id } = await writer.admin.topics.create('t')
  const producer = writer.producer('t')
  for (let i = 0; i < count; i++) await producer.send({ value: new SeededRandom(i).bytes(valueBytes) })
  return id
}

const openReaders = (client: RawClient, topic: string, count: number): void => {
  for (let stream = 1; stream <= count; stream++) {
    client.send('openConsume', stream, encodeOpenConsume({ topic, range: 0, from: 0, windowBytes: 16 * MiB }))
  }
}

describe('a client that does not read', () => {
  it('and asks for hundreds of pages gets a few made, and all of them when it reads', async () => {
    await watched(async (world, network) => {
      await createTopics(world, 120)
      const client = await world.raw()
      client.pause()
      const body = unaryCodecs.listTopics.encodeRequest({ limit: 1000 })
      for (let stream = 1; stream <= 250; stream++) client.send('listTopics', stream, body)
      await settled(world, network)
      expect(network.bufferedBytesMax).toBeGreaterThan(4 * MiB)
      expect(network.bufferedBytesMax).toBeLessThan(7 * MiB)
      client.resume()
      for (let stream = 1; stream <= 250; stream++) {
        const { topics } = unaryCodecs.listTopics.decodeAnswer((await client.next('listTopics', stream)).body)
        expect(topics).toHaveLength(120)
      }
      expect(network.bufferedBytesMax).toBeLessThan(7 * MiB)
    })
  })

  it('and floods is not listened to, until it reads', async () => {
    await watched(async (world, network) => {
      const client = await world.raw()
      client.pause()
      const [frame] = encodeFrame({ kind: 0x7abc, stream: 9 }, new Uint8Array(0))
      const message = Array.from({ length: 4096 }, () => frame as Uint8Array)
      for (let i = 0; i < 24; i++) client.sendBytes(...message)
      await settled(world, network)
      expect(network.bufferedBytesMax).toBeGreaterThan(8 * MiB)
      expect(network.bufferedBytesMax).toBeLessThan(9 * MiB)
      client.resume()
      await expect.poll(() => client.unread.length).toBe(24 * 4096)
    })
  })

  it('with many sessions is sent no more than with one, and every session all of it when it reads', async () => {
    await watched(async (world, network) => {
      const topic = await fill(world, 10, 100_000)
      const client = await world.raw()
      client.pause()
      openReaders(client, topic, 60)
      await settled(world, network)
      expect(network.bufferedBytesMax).toBeGreaterThan(3 * MiB)
      expect(network.bufferedBytesMax).toBeLessThan(5 * MiB)
      client.resume()
      for (let stream = 1; stream <= 60; stream++) {
        expect(decodeConsumeOpened((await client.next('consumeOpened', stream)).body).committedEnd).toBe(10)
        for (let bytes = 0; bytes < 1_000_000; ) bytes += (await client.next('records', stream)).body.length
      }
      expect(network.bufferedBytesMax).toBeLessThan(5 * MiB)
    })
  })

  it('is sent one batch beyond the bound when batches are larger than what is asked for', async () => {
    const large = { batchBytesMax: '4MiB', journalFileBytes: '16MiB' }
    await watched(async (world, network) => {
      const topic = await fill(world, 1, 3 * MiB)
      const client = await world.raw()
      client.pause()
      openReaders(client, topic, 8)
      await settled(world, network)
      expect(network.bufferedBytesMax).toBeGreaterThan(5 * MiB)
      expect(network.bufferedBytesMax).toBeLessThan(8 * MiB)
      client.resume()
      for (let stream = 1; stream <= 8; stream++) await client.next('records', stream)
    }, large)
  })

  it('over a real network is bounded too, and is served when it reads', async () => {
    await using world = new World()
    const network = new WatchedNetwork(new WsNetwork())
    await world.start({ bootstrap: true, listen: '127.0.0.1:0' }, network)
    const topic = await RawClient.open(network, world.address).then(async (writer) => {
      const requestId = new SeededRandom(7).bytes(16)
      const ranges = { kind: 'fixed', count: 1024 } as const
      return (await writer.call('createTopic', { requestId, name: 't', ranges, policy: {} })).topic
    })
    const client = await RawClient.open(network, world.address)
    client.pause()
    const body = unaryCodecs.describeTopic.encodeRequest({ name: topic.name })
    for (let stream = 1; stream <= 200; stream++) client.send('describeTopic', stream, body)
    await expect.poll(() => network.bufferedBytesMax).toBeGreaterThan(4 * MiB)
    client.resume()
    for (let stream = 1; stream <= 200; stream++) {
      expect((await client.next('describeTopic', stream)).error).toBe(false)
    }
    expect(network.bufferedBytesMax).toBeLessThan(12 * MiB)
    client.destroy()
  })

  it('can be told to go at once', async () => {
    await watched(async (world) => {
      await createTopics(world, 120)
      const client = await world.raw()
      client.pause()
      const body = unaryCodecs.listTopics.encodeRequest({ limit: 1000 })
      for (let stream = 1; stream <= 200; stream++) client.send('listTopics', stream, body)
      await settled(world, new WatchedNetwork(world.network))
      const before = world.clock.now()
      await world.broker?.close()
      expect(world.clock.now() - before).toBeLessThan(1_900) // the drain timeout is 2 s
    })
  })
})

const fakeConnection = (start: (handler: ConnectionHandler) => void): Connection & { bufferedBytes: number } => ({
  remote: { host: 'memory', port: 1 },
  bufferedBytes: 0,
  start,
  send() {},
  pauseReceive() {},
  resumeReceive() {},
  close() {},
  destroy() {},
})

describe('room for reads', () => {
  it('is bounded over all sessions, and comes to those who were refused in their order', () => {
    const called: number[] = []
    const budget = new SendBudget(
      fakeConnection(() => {}),
      (stream) => called.push(stream),
    )
    const rooms = Array.from({ length: 12 }, (_, stream) => budget.take(stream, MiB))
    expect(rooms.map((room) => room !== undefined)).toEqual([
      ...Array<boolean>(5).fill(true),
      ...Array<boolean>(7).fill(false),
    ])
    budget.forget(6)
    rooms[3]?.[Symbol.dispose]()
    rooms[3]?.[Symbol.dispose]()
    expect(called).toEqual([5, 7, 8, 9, 10, 11])
  })

  it('is not there while bytes wait, and comes when they have left', () => {
    const called: number[] = []
    const connection = fakeConnection(() => {})
    const budget = new SendBudget(connection, (stream) => {
      called.push(stream)
      budget.take(stream, 3 * MiB)
    })
    connection.bufferedBytes = 4 * MiB + 1
    for (const stream of [3, 1, 2]) expect(budget.take(stream, 1)).toBeUndefined()
    budget.callRefused()
    expect(called).toEqual([])
    connection.bufferedBytes = MiB / 4
    budget.callRefused()
    expect(called).toEqual([3, 1])
  })
})

describe('a call under way', () => {
  it('holds nothing of the message that brought it', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    let handler: ConnectionHandler | undefined
    const connection = fakeConnection((given) => {
      handler = given
    })
    const underWay: unknown[] = []
    const services = {
      identity: {
        clusterId: '0'.repeat(32),
        brokerId: '0'.repeat(32),
        bootId: 1,
        software: 'test',
        features: [],
        limits: chooseLimits(),
      },
      call: () => {
        return () => new Promise<never>((...settle) => underWay.push(settle))
      },
      open: () => {
        throw new Error('not here')
      },
      bug: () => {},
    }
    const client = new ClientConnection(connection, services, new MemoryClock(), silentLogger, () => {})
    const deliver = (...parts: readonly Uint8Array[]): WeakRef<ArrayBufferLike> => {
      const message = new Uint8Array(Buffer.concat(parts))
      handler?.message(message)
      return new WeakRef(message.buffer)
    }
    deliver(...encodeFrame({ kind: kinds.hello.number, stream: 0 }, encodeHello(hello)))
    const messages = (['describeTopic', 'describeBroker'] as const).map((kind, i) =>
      deliver(...encodeFrame({ kind: kinds[kind].number, stream: i + 1 }, new Uint8Array(60_000))),
    )
    await new Promise((resolve) => setImmediate(resolve))
    collect()
    expect([underWay.length, ...messages.map((message) => message.deref())]).toEqual([2, undefined, undefined])
    expect(client.isQuiet).toBe(false)
  })
})
