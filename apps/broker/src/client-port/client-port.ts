import {
  type Address,
  type Clock,
  type Connection,
  type EastGuardError,
  type Listener,
  type Logger,
  type Network,
  sleep,
} from '@eastguard/kernel'
import { codedError, encodeError, encodeFrame, kinds, toErrorBody } from '@eastguard/protocol'
import { answerHttp, type HttpSources } from '../http.ts'
import type { BrokerSettings } from '../settings/table.ts'
import { ClientConnection, type ClientServices } from './client-connection.ts'

export interface ClientPortComponents {
  readonly network: Network
  readonly clock: Clock
  readonly logger: Logger
}

/** Path of the WebSocket that carries the protocol. */
const protocolPath = '/v1'
const drainPollMs = 10

// The port of clients: WebSocket connections, and the GET requests of those who watch the broker.
export class ClientPort {
  readonly #services: ClientServices
  readonly #connectionsMax: number
  readonly #components: ClientPortComponents
  readonly #connections = new Set<ClientConnection>()
  #listener: Listener | undefined
  #stopping: EastGuardError | undefined

  private constructor(services: ClientServices, connectionsMax: number, components: ClientPortComponents) {
    this.#services = services
    this.#connectionsMax = connectionsMax
    this.#components = components
  }

  /** @throws EG_ADDRESS_IN_USE, EG_ADDRESS_UNAVAILABLE (fix-call) */
  static async open(
    settings: BrokerSettings,
    services: ClientServices,
    sources: HttpSources,
    components: ClientPortComponents,
  ): Promise<ClientPort> {
    const port = new ClientPort(services, settings.connectionsMax, components)
    const { origins, hosts, listen, advertise } = settings
    port.#listener = await components.network.listen(
      listen,
      {
        connection: (connection) => port.#accept(connection),
        request: (request) => answerHttp(request, sources),
      },
      {
        path: protocolPath,
        messageBytesMax: services.identity.limits.frameBytesMax,
        origins,
        hosts: advertise === undefined ? hosts : [...hosts, advertise.host],
      },
    )
    return port
  }

  get address(): Address {
    return this.#listener?.address ?? { host: '', port: 0 }
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /**
   * Tells every client to go, waits until nothing is under way for them or `drainTimeoutMs` have passed, and closes.
   * New connections are refused meanwhile.
   */
  async close(reason: EastGuardError, drainTimeoutMs: number): Promise<void> {
    const { clock } = this.#components
    this.#stopping = reason
    for (const connection of this.#connections) connection.goAway(reason)
    const deadline = clock.now() + drainTimeoutMs
    while (clock.now() < deadline && [...this.#connections].some((connection) => !connection.isQuiet)) {
      await sleep(clock, drainPollMs)
    }
    for (const connection of this.#connections) connection.close()
    while (clock.now() < deadline && this.#connections.size > 0) await sleep(clock, drainPollMs)
    await this.#listener?.[Symbol.asyncDispose]()
  }

  #accept(connection: Connection): void {
    const refusal = this.#refusal()
    if (refusal !== undefined) {
      refuse(connection, refusal)
      return
    }
    const { clock, logger } = this.#components
    const client = new ClientConnection(connection, this.#services, clock, logger, () => {
      this.#connections.delete(client)
    })
    this.#connections.add(client)
  }

  #refusal(): EastGuardError | undefined {
    if (this.#stopping !== undefined) return this.#stopping
    if (this.#connections.size < this.#connectionsMax) return undefined
    return codedError('EG_OVERLOADED', `${this.#connectionsMax} clients are connected, which is the limit`)
  }
}

/** Says why, without having heard a word. */
function refuse(connection: Connection, error: EastGuardError): void {
  connection.start({ message() {}, drained() {}, closed() {} })
  connection.send(encodeFrame({ kind: kinds.error.number, stream: 0, error: true }, encodeError(toErrorBody(error))))
  connection.close(1013, error.code)
}
