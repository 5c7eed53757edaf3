import {
  AbortSource,
  type Address,
  type Connection,
  deferred,
  type Listener,
  type ListenOptions,
  type Network,
} from '../src/index.ts'
import { type ContractCase, holds, rejectsWith, same } from './check.ts'

export interface NetworkSubject {
  readonly network: Network
  /** A host to listen at; ports are the network's to choose. */
  readonly host: string
}

const options: ListenOptions = { path: '/v1', messageBytesMax: 4 * 1024 * 1024, origins: [], hosts: [] }

export const networkCases: readonly ContractCase<NetworkSubject>[] = [
  {
    name: 'messages arrive whole, in order, both ways, their parts joined',
    run: (subject) =>
      pairOf(subject, async (client, server) => {
        for (let i = 0; i < 100; i++) client.connection.send([Uint8Array.of(i), new Uint8Array(0), Uint8Array.of(i, i)])
        server.connection.send([new Uint8Array(0)])
        server.connection.send([new Uint8Array(1_000_000).fill(7)])
        const received = await server.messages(100)
        same(
          received.map((m) => [...m]),
          Array.from({ length: 100 }, (_, i) => [i, i, i]),
          'messages',
        )
        same(
          (await client.messages(2)).map((m) => m.length),
          [0, 1_000_000],
          'lengths',
        )
      }),
  },
  {
    name: 'nothing is delivered before start, nothing is lost by it',
    async run(subject) {
      const accepted = deferred<Connection>()
      await using listener = await subject.network.listen(anywhere(subject), { connection: accepted.resolve }, options)
      const client = await connect(subject, listener)
      client.start({ message() {}, drained() {}, closed() {} })
      client.send([Uint8Array.of(1)])
      client.send([Uint8Array.of(2)])
      const server = await accepted.promise
      await turns()
      const end = new End(server)
      same(
        (await end.messages(2)).map((m) => m[0]),
        [1, 2],
        'messages',
      )
    },
  },
  {
    name: 'a pause holds messages back until it ends',
    run: (subject) =>
      pairOf(subject, async (client, server) => {
        server.connection.pauseReceive()
        client.connection.send([Uint8Array.of(1)])
        server.connection.send([Uint8Array.of(2)])
        await client.messages(1)
        await turns()
        same(server.received.length, 0, 'nothing during the pause')
        server.connection.resumeReceive()
        await server.messages(1)
      }),
  },
  {
    name: 'a peer that does not read makes bytes pile up at the sender, and drained follows',
    run: (subject) =>
      pairOf(subject, async (client, server) => {
        server.connection.pauseReceive()
        const message = new Uint8Array(1024 * 1024)
        for (let i = 0; i < 16; i++) client.connection.send([message])
        await turns()
        holds(client.connection.bufferedBytes > 1024 * 1024, 'bytes are buffered')
        same(client.drainedCount, 0, 'not drained yet')
        server.connection.resumeReceive()
        await server.messages(16)
        await client.drained()
        holds(client.connection.bufferedBytes < 512 * 1024, 'less than half of the limit is left')
      }),
  },
  {
    name: 'close delivers what was sent, then tells both ends once, with its code and reason',
    run: (subject) =>
      pairOf(subject, async (client, server) => {
        client.connection.send([new Uint8Array(100_000)])
        client.connection.close(4001, 'enough')
        client.connection.close(4002, 'again')
        client.connection.send([Uint8Array.of(1)])
        same(await server.closed, { code: 4001, text: 'enough' }, 'what the peer is told')
        same(server.received.length, 1, 'what was sent before the close')
        await client.closed
        server.connection.send([Uint8Array.of(1)])
        server.connection.close(4000, '')
        server.connection.destroy()
        await turns()
        same([client.closedCount, server.closedCount], [1, 1], 'closed is told once')
      }),
  },
  {
    name: 'destroy ends both ends at once',
    run: (subject) =>
      pairOf(subject, async (client, server) => {
        client.connection.destroy()
        same((await server.closed).code, 1006, 'the peer sees a broken connection')
        same((await client.closed).code, 1006, 'so does the caller')
        same(client.connection.bufferedBytes, 0, 'nothing is buffered after the end')
      }),
  },
  {
    name: 'a message that is too large ends the connection with 1009, and is not delivered',
    run: (subject) =>
      pairOf(subject, async (client, server) => {
        client.connection.send([new Uint8Array(options.messageBytesMax + 1)])
        same((await server.closed).code, 1009, 'code')
        await client.closed
        same(server.received.length, 0, 'nothing was delivered')
      }),
  },
  {
    name: 'the listener goes and takes its connections along; its address is free again',
    async run(subject) {
      const listener = await subject.network.listen(
        anywhere(subject),
        { connection: (connection) => void new End(connection) },
        options,
      )
      const end = new End(await connect(subject, listener))
      await rejectsWith(subject.network.listen(listener.address, { connection() {} }, options), 'EG_ADDRESS_IN_USE')
      await listener[Symbol.asyncDispose]()
      await listener[Symbol.asyncDispose]()
      await end.closed
      await rejectsWith(connect(subject, listener), 'EG_UNREACHABLE')
      await using again = await subject.network.listen(listener.address, { connection() {} }, options)
      same(again.address.port, listener.address.port, 'the same port')
    },
  },
  {
    name: 'another path is unreachable, an aborted caller gets its own reason',
    async run(subject) {
      await using listener = await subject.network.listen(anywhere(subject), { connection: destroy }, options)
      const source = new AbortSource()
      const dial = (path: string): Promise<Connection> =>
        subject.network.connect(listener.address, { path, messageBytesMax: 1024, signal: source.signal })
      await rejectsWith(dial('/v2'), 'EG_UNREACHABLE')
      source.abort(undefined)
      await rejectsWith(dial('/v1'), 'EG_ABORTED')
    },
  },
  {
    name: 'datagrams arrive with their sender, each on its own',
    async run({ network, host }) {
      const got: { bytes: number[]; from: Address }[] = []
      const enough = deferred<void>()
      await using receiver = await network.bindDatagram({ host, port: 0 }, (bytes, from) => {
        got.push({ bytes: [...bytes], from })
        if (got.length === 2) enough.resolve()
      })
      await using sender = await network.bindDatagram({ host, port: 0 }, () => {})
      const bytes = Uint8Array.of(1, 2)
      sender.send(bytes, receiver.address)
      bytes.fill(9)
      sender.send(Uint8Array.of(3), receiver.address)
      await enough.promise
      same(
        got.map((d) => d.bytes).toSorted((a, b) => b.length - a.length),
        [[1, 2], [3]],
        'bytes, copied when sent',
      )
      same(got[0]?.from, sender.address, 'sender')
      await rejectsWith(
        network.bindDatagram(receiver.address, () => {}),
        'EG_ADDRESS_IN_USE',
      )
      await receiver[Symbol.asyncDispose]()
      sender.send(Uint8Array.of(4), receiver.address)
      await sender[Symbol.asyncDispose]()
      sender.send(Uint8Array.of(5), receiver.address)
    },
  },
]

/** One end, started, that remembers what it was told. */
class End {
  readonly connection: Connection
  readonly received: Uint8Array[] = []
  readonly closed: Promise<{ readonly code: number; readonly text: string }>
  drainedCount = 0
  closedCount = 0
  #changed = deferred<void>()

  constructor(connection: Connection) {
    const closed = deferred<{ readonly code: number; readonly text: string }>()
    this.connection = connection
    this.closed = closed.promise
    connection.start({
      message: (bytes) => {
        same(this.closedCount, 0, 'closed is the last call')
        this.received.push(bytes.slice())
        this.#tell()
      },
      drained: () => {
        this.drainedCount++
        this.#tell()
      },
      closed: (reason) => {
        this.closedCount++
        closed.resolve(reason)
        this.#tell()
      },
    })
  }

  async messages(count: number): Promise<readonly Uint8Array[]> {
    while (this.received.length < count && this.closedCount === 0) await this.#changed.promise
    same(this.received.length, count, 'messages received')
    return this.received
  }

  async drained(): Promise<void> {
    while (this.drainedCount === 0) await this.#changed.promise
  }

  #tell(): void {
    const changed = this.#changed
    this.#changed = deferred()
    changed.resolve()
  }
}

async function pairOf(subject: NetworkSubject, run: (client: End, server: End) => Promise<void>): Promise<void> {
  const accepted = deferred<Connection>()
  await using listener = await subject.network.listen(anywhere(subject), { connection: accepted.resolve }, options)
  const client = await connect(subject, listener)
  await run(new End(client), new End(await accepted.promise))
}

function connect(subject: NetworkSubject, listener: Listener): Promise<Connection> {
  return subject.network.connect(listener.address, {
    path: options.path,
    messageBytesMax: options.messageBytesMax,
    signal: new AbortSource().signal,
  })
}

function anywhere(subject: NetworkSubject): Address {
  return { host: subject.host, port: 0 }
}

function destroy(connection: Connection): void {
  connection.start({ message() {}, drained() {}, closed() {} })
  connection.destroy()
}

/** Room for what should not happen to happen. */
async function turns(): Promise<void> {
  for (let i = 0; i < 100; i++) await Promise.resolve()
}
