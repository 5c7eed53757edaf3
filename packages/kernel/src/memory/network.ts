import { throwIfAborted } from '../abort.ts'
import { EastGuardError } from '../error.ts'
import type {
  Acceptor,
  Address,
  Clock,
  Connection,
  ConnectOptions,
  DatagramSocket,
  HttpAnswer,
  Listener,
  ListenOptions,
  Network,
} from '../ports.ts'
import { MemoryConnection } from './connection.ts'

interface Listening {
  readonly address: Address
  readonly accept: Acceptor
  readonly options: ListenOptions
  readonly accepted: Set<MemoryConnection>
}

type Receive = (bytes: Uint8Array, from: Address) => void

/** Any host name, any port, one process: everything arrives, in order, a turn after it was sent. */
export class MemoryNetwork implements Network {
  readonly #clock: Clock
  readonly #listeners = new Map<string, Listening>()
  readonly #sockets = new Map<string, Receive>()
  #nextPort = 49152

  /** @param clock for the second that `close` waits */
  constructor(clock: Clock) {
    this.#clock = clock
  }

  async listen(at: Address, accept: Acceptor, options: ListenOptions): Promise<Listener> {
    const address = this.#free(at, this.#listeners)
    const listening: Listening = { address, accept, options, accepted: new Set() }
    this.#listeners.set(key(address), listening)
    return {
      address,
      [Symbol.asyncDispose]: async () => {
        if (this.#listeners.get(key(address)) === listening) this.#listeners.delete(key(address))
        for (const connection of listening.accepted) connection.destroy()
      },
    }
  }

  async connect(to: Address, options: ConnectOptions): Promise<Connection> {
    await Promise.resolve()
    throwIfAborted(options.signal)
    const listening = this.#listeners.get(key(to))
    if (listening === undefined || listening.options.path !== options.path) {
      throw new EastGuardError({
        code: 'EG_UNREACHABLE',
        remedy: 'retry',
        message: `nobody answers at ${key(to)}${options.path}`,
        facts: { host: to.host, port: to.port },
      })
    }
    const from = { host: to.host, port: this.#nextPort++ }
    const [client, server] = MemoryConnection.pair(
      this.#clock,
      { at: from, messageBytesMax: options.messageBytesMax },
      {
        at: listening.address,
        messageBytesMax: listening.options.messageBytesMax,
        onEnd: () => void listening.accepted.delete(server),
      },
    )
    listening.accepted.add(server)
    listening.accept.connection(server)
    return client
  }

  /** A GET, as a health check or a metrics scraper would send it. */
  async get(to: Address, path: string, query: ReadonlyMap<string, string> = new Map()): Promise<HttpAnswer> {
    const request = this.#listeners.get(key(to))?.accept.request
    return (await request?.({ path, query })) ?? { status: 404, type: 'text/plain', body: 'not found\n' }
  }

  async bindDatagram(at: Address, receive: Receive): Promise<DatagramSocket> {
    const address = this.#free(at, this.#sockets)
    this.#sockets.set(key(address), receive)
    return {
      address,
      send: (bytes, to) => {
        const copy = bytes.slice()
        void Promise.resolve().then(() => this.#sockets.get(key(to))?.(copy, address))
      },
      [Symbol.asyncDispose]: async () => {
        if (this.#sockets.get(key(address)) === receive) this.#sockets.delete(key(address))
      },
    }
  }

  #free(at: Address, taken: ReadonlyMap<string, unknown>): Address {
    const address = at.port === 0 ? { host: at.host, port: this.#nextPort++ } : at
    if (!taken.has(key(address))) return address
    throw new EastGuardError({
      code: 'EG_ADDRESS_IN_USE',
      remedy: 'fix-call',
      message: `${key(address)} is in use`,
      facts: { host: at.host, port: at.port },
    })
  }
}

function key(address: Address): string {
  return `${address.host}:${address.port}`
}
