import type { AbortSignal, Connection, EastGuardError } from '@eastguard/kernel'
import {
  ClientHandshake,
  codedError,
  helloBytesMax,
  protocolVersions,
  splitMessage,
  type Welcome,
} from '@eastguard/protocol'
import type { Components } from '../components.ts'

const software = '@eastguard/client'

export interface LinkSettings {
  readonly clientId: string
  /** Once known: a broker of another cluster is refused. */
  readonly clusterId: string | undefined
  readonly probeIntervalMs: number
  /** For the handshake, ms. */
  readonly helloTimeoutMs: number
}

export interface GreetingOutcome {
  /** @returns who takes the connection from here */
  done(welcome: Welcome): { receive(message: Uint8Array): void; lost(error: EastGuardError): void }
  failed(error: Error): void
}

/** A connection until its Welcome; after that it only passes on what comes. */
export class Greeting {
  readonly #connection: Connection
  readonly #handshake: ClientHandshake
  readonly #components: Components
  readonly #signal: AbortSignal
  #owner: ReturnType<GreetingOutcome['done']> | undefined

  constructor(connection: Connection, settings: LinkSettings, components: Components, signal: AbortSignal) {
    this.#connection = connection
    this.#components = components
    this.#signal = signal
    this.#handshake = new ClientHandshake(
      {
        versions: protocolVersions,
        clientId: settings.clientId,
        software,
        clusterId: settings.clusterId,
        features: [],
      },
      { now: components.clock.now(), timeoutMs: settings.helloTimeoutMs },
    )
  }

  begin(outcome: GreetingOutcome): void {
    const { clock } = this.#components
    let over = false
    const end = (): boolean => {
      const first = !over
      over = true
      timer.cancel()
      this.#signal.removeEventListener('abort', onAbort)
      return first
    }
    const fail = (error: Error): void => {
      if (!end()) return
      this.#connection.destroy()
      outcome.failed(error)
    }
    const onAbort = (): void => {
      const { reason } = this.#signal
      fail(reason instanceof Error ? reason : codedError('EG_ABORTED', 'connecting was aborted'))
    }
    const timer = clock.setTimer(this.#handshake.deadline - clock.now(), () => {
      for (const effect of this.#handshake.tick(clock.now())) if (effect.kind === 'close') fail(effect.error)
    })
    this.#signal.addEventListener('abort', onAbort, { once: true })
    this.#connection.start({
      message: (bytes) => {
        if (this.#owner !== undefined) this.#owner.receive(bytes)
        else if (!over) this.#welcome(bytes, outcome, end, fail)
      },
      drained: () => {},
      closed: ({ code, text }) => {
        const { host, port } = this.#connection.remote
        const why = `${host}:${port} closed the connection (${code}${text === '' ? '' : `, ${text}`})`
        const error = codedError('EG_UNREACHABLE', why, { host, port, code })
        if (this.#owner !== undefined) this.#owner.lost(error)
        else fail(error)
      },
    })
    this.#connection.send(this.#handshake.start())
    if (this.#signal.aborted) onAbort()
  }

  #welcome(message: Uint8Array, outcome: GreetingOutcome, end: () => boolean, fail: (error: Error) => void): void {
    try {
      const [first] = splitMessage(message, helloBytesMax)
      if (first === undefined) return
      for (const effect of this.#handshake.receive(first)) {
        if (effect.kind === 'close') fail(effect.error)
        else if (effect.kind === 'ready' && end()) this.#owner = outcome.done(effect.peer)
      }
    } catch (error) {
      fail(error as Error)
    }
  }
}
