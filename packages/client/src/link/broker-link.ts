import {
  type AbortSignal,
  type Address,
  type Connection,
  type Deferred,
  deferred,
  EastGuardError,
  type Timer,
} from '@eastguard/kernel'
import {
  Calls,
  codedError,
  decodeError,
  decodeGoAway,
  encodeFrame,
  type FailedCall,
  type Frame,
  FrameCork,
  frameToClientBytesMax,
  fromErrorBody,
  type Kind,
  kindOf,
  kinds,
  StreamIds,
  splitMessage,
  type UnaryAnswer,
  type UnaryKind,
  type UnaryRequest,
  unaryCodecs,
  type Welcome,
} from '@eastguard/protocol'
import type { Components } from '../components.ts'
import { EarliestTimer } from '../earliest-timer.ts'
import { Greeting, type LinkSettings } from './greeting.ts'

/** The client's end of a session. */
export interface SessionHandler {
  /** @param frame its body is borrowed until this returns. A throw (EastGuardError) ends the connection */
  frame(kind: Kind, frame: Frame): void
  /** The connection is gone, and with it the session: the last call. */
  lost(error: EastGuardError): void
}

export interface Session {
  /** @param body retained until written; frames of one turn leave in one write */
  send(kind: Kind, body: Uint8Array | readonly Uint8Array[]): void
  /** Nothing is delivered to the handler any more; the peer is not told. */
  end(): void
}

type Waiter = Deferred<Uint8Array>

const path = '/v1'

/** One connection to one broker: greeting, calls, sessions. */
export class BrokerLink {
  readonly address: Address
  readonly welcome: Welcome
  readonly #connection: Connection
  readonly #components: Components
  readonly #settings: LinkSettings
  readonly #cork: FrameCork
  readonly #streams: StreamIds
  readonly #calls: Calls<Waiter>
  readonly #sessions = new Map<number, SessionHandler>()
  readonly #ended: Deferred<EastGuardError> = deferred()
  #error: EastGuardError | undefined
  #draining = false
  #flushing = false
  #heardAt: number
  /** At the earliest deadline of all calls that was known when it was set. */
  readonly #callTimer: EarliestTimer
  #probeTimer: Timer | undefined

  /**
   * Connects and greets.
   * @throws EG_UNREACHABLE, EG_TIMEOUT (retry), EG_WRONG_CLUSTER, EG_UNSUPPORTED_VERSION, the signal's reason
   */
  static async open(
    to: Address,
    settings: LinkSettings,
    components: Components,
    signal: AbortSignal,
  ): Promise<BrokerLink> {
    const options = { path, messageBytesMax: frameToClientBytesMax, signal }
    const connection = await components.network.connect(to, options)
    return new Promise((resolve, reject) => {
      const greeting = new Greeting(connection, settings, components, signal)
      greeting.begin({
        done: (welcome) => {
          const link = new BrokerLink(to, welcome, connection, settings, components)
          resolve(link)
          return link
        },
        failed: reject,
      })
    })
  }

  private constructor(
    address: Address,
    welcome: Welcome,
    connection: Connection,
    settings: LinkSettings,
    components: Components,
  ) {
    this.address = address
    this.welcome = welcome
    this.#connection = connection
    this.#settings = settings
    this.#components = components
    this.#streams = new StreamIds()
    this.#calls = new Calls({ callCountMax: welcome.limits.callCountMax, streams: this.#streams })
    this.#cork = new FrameCork((parts) => connection.send(parts))
    this.#cork.frameBytesMax = welcome.limits.frameBytesMax
    this.#heardAt = components.clock.now()
    this.#callTimer = new EarliestTimer(components.clock, (now) => {
      settle(this.#calls.expire(now))
      const next = this.#calls.nextDeadline
      if (next !== undefined) this.#callTimer.arm(next)
    })
    this.#armProbe()
  }

  /** New calls and sessions are welcome. */
  get isUsable(): boolean {
    return this.#error === undefined && !this.#draining
  }

  /** Resolves with the reason when the connection is gone. */
  get ended(): Promise<EastGuardError> {
    return this.#ended.promise
  }

  /** Since anything came from the broker, ms. */
  get silentMs(): number {
    return this.#components.clock.now() - this.#heardAt
  }

  /**
   * @param options.deadline on the clock, ms
   * @throws the broker's error; without an answer EG_TIMEOUT, EG_UNREACHABLE, EG_ABORTED, or EG_OUTCOME_UNKNOWN where
   * the call may have had an effect
   */
  async call<K extends UnaryKind>(
    kind: K,
    request: UnaryRequest<K>,
    options: { readonly deadline: number; readonly signal?: AbortSignal | undefined },
  ): Promise<UnaryAnswer<K>> {
    if (this.#error !== undefined) throw lostConnection(this.address, this.#error)
    const codec = unaryCodecs[kind]
    const body = codec.encodeRequest(request)
    const waiter = deferred<Uint8Array>()
    const { stream } = this.#calls.begin(kind, options.deadline, waiter)
    this.#write({ kind: kinds[kind].number, stream }, body)
    this.#callTimer.arm(options.deadline)
    const onAbort = (): void => settle([this.#calls.cancel(stream)])
    options.signal?.addEventListener('abort', onAbort, { once: true })
    if (options.signal?.aborted) onAbort()
    try {
      return codec.decodeAnswer(await waiter.promise)
    } finally {
      options.signal?.removeEventListener('abort', onAbort)
    }
  }

  /** A session on a stream of its own. @throws EG_UNREACHABLE (retry) when the connection is gone already */
  openSession(handler: SessionHandler): Session {
    if (this.#error !== undefined) throw lostConnection(this.address, this.#error)
    const stream = this.#streams.take()
    this.#sessions.set(stream, handler)
    return {
      send: (kind, body) => {
        if (this.#error === undefined) this.#write({ kind: kinds[kind].number, stream }, body)
      },
      end: () => {
        if (this.#sessions.delete(stream)) this.#streams.release(stream)
      },
    }
  }

  /** Ends it now; everybody who waits is told. */
  destroy(error: EastGuardError): void {
    this.#connection.destroy()
    this.lost(error)
  }

  /** Ends it after what was written has left. */
  close(error: EastGuardError): void {
    this.#flush()
    this.#connection.close(1000, 'closed by the client')
    this.lost(error)
  }

  /** A message of the connection. Bytes that do not follow the protocol end it. */
  receive(message: Uint8Array): void {
    if (this.#error !== undefined) return
    this.#heardAt = this.#components.clock.now()
    try {
      for (const frame of splitMessage(message, frameToClientBytesMax)) {
        this.#frame(frame)
        if (this.#error !== undefined) return
      }
    } catch (error) {
      // Anything else is a bug, and must surface as one.
      if (!(error instanceof EastGuardError)) throw error
      this.destroy(error)
      return
    }
    this.#flush()
  }

  /** The connection is gone. */
  lost(error: EastGuardError): void {
    if (this.#error !== undefined) return
    this.#error = error
    this.#callTimer.cancel()
    this.#probeTimer?.cancel()
    const reason = lostConnection(this.address, error)
    settle(this.#calls.close(reason.message))
    const handlers = [...this.#sessions.values()]
    this.#sessions.clear()
    for (const handler of handlers) handler.lost(reason)
    this.#ended.resolve(error)
  }

  #frame(frame: Frame): void {
    const kind = kindOf(frame.kind)
    if (frame.stream === 0) {
      this.#connectionFrame(kind, frame)
      return
    }
    const session = this.#sessions.get(frame.stream)
    if (session !== undefined) {
      // A kind that only a newer broker knows is skipped; its errors are not.
      if (kind !== undefined) session.frame(kind, frame)
      return
    }
    const answer = this.#calls.answer(frame)
    if (answer.kind === 'answered') answer.call.token.resolve(answer.body.slice())
    else if (answer.kind === 'failed') answer.call.token.reject(answer.error)
  }

  #connectionFrame(kind: Kind | undefined, frame: Frame): void {
    if (kind === 'goAway') {
      const { code, message } = decodeGoAway(frame.body)
      this.#draining = true
      this.#components.logger?.info('broker asks to go away', { broker: this.welcome.brokerId, code, message })
    } else if (kind === 'error' || frame.error) {
      this.destroy(fromErrorBody(decodeError(frame.body)))
    }
  }

  #write(head: { readonly kind: number; readonly stream: number }, body: Uint8Array | readonly Uint8Array[]): void {
    this.#cork.write(encodeFrame(head, body))
    if (this.#flushing) return
    this.#flushing = true
    void Promise.resolve().then(() => this.#flush())
  }

  #flush(): void {
    this.#flushing = false
    if (this.#error === undefined) this.#cork.flush()
  }

  /** A broker that is silent while something is awaited is asked for a sign of life: half-open connections end so. */
  #armProbe(): void {
    const { clock } = this.#components
    const { probeIntervalMs } = this.#settings
    this.#probeTimer = clock.setTimer(probeIntervalMs, () => {
      this.#armProbe()
      const awaited = this.#calls.count + this.#sessions.size
      if (awaited === 0 || this.silentMs < probeIntervalMs) return
      const probe = this.call('describeBroker', {}, { deadline: clock.now() + probeIntervalMs })
      probe.then(
        () => {},
        () => {
          if (this.silentMs >= 2 * probeIntervalMs) this.destroy(silentBroker(this.silentMs))
        },
      )
    })
  }
}

function settle(failed: readonly (FailedCall<Waiter> | undefined)[]): void {
  for (const entry of failed) entry?.call.token.reject(entry.error)
}

function silentBroker(silentMs: number): EastGuardError {
  return codedError('EG_UNREACHABLE', `nothing came from the broker for ${Math.floor(silentMs)} ms`)
}

function lostConnection(address: Address, cause: EastGuardError): EastGuardError {
  const { host, port } = address
  return codedError(
    'EG_UNREACHABLE',
    `the connection to ${host}:${port} was lost: ${cause.message}`,
    { host, port },
    cause,
  )
}
