import {
  type Clock,
  type Connection,
  type EastGuardError,
  isEastGuardError,
  type Logger,
  type Timer,
} from '@eastguard/kernel'
import {
  admitFrame,
  BrokerHandshake,
  type BrokerIdentity,
  type ClientPeer,
  codedError,
  encodeError,
  encodeFrame,
  encodeGoAway,
  type Frame,
  FrameCork,
  frameToClientBytesMax,
  type HandshakeEffect,
  helloBytesMax,
  isUnaryKind,
  type Kind,
  kinds,
  requestBytesMax,
  splitMessage,
  toErrorBody,
  type UnaryKind,
} from '@eastguard/protocol'
import { type Call, CallsUnderWay } from './calls-under-way.ts'
import { SendBudget } from './send-budget.ts'
import type { Session, SessionLink } from './session.ts'

/** What a connection asks of the broker behind it. */
export interface ClientServices {
  readonly identity: BrokerIdentity
  /**
   * Reads a unary call; what it answers with serves it, later, and answers with the answer's body.
   * @param body borrowed until this returns
   */
  call(kind: UnaryKind, body: Uint8Array): () => Promise<Uint8Array>
  /**
   * Opens a session, or throws why not. `link` works from then on; the opening is answered by the session's opener.
   * @param body borrowed until this returns
   */
  open(kind: 'openProduce' | 'openConsume', body: Uint8Array, link: SessionLink): Session
  /** An error that nobody expected. */
  bug(error: unknown, where: string): void
}

/** What came in one turn leaves together; more than this leaves at once, so that what is buffered is known. */
const corkBytesMax = 64 * 2 ** 10

/** Who is answered. Not the frame: that would hold the whole message for as long as the call takes. */
type Asked = Pick<Frame, 'kind' | 'stream'>

// One client: handshake, then calls and sessions by stream. Whatever the client sends, the worst that happens is an
// error to it (P12).
export class ClientConnection {
  readonly #connection: Connection
  readonly #services: ClientServices
  readonly #logger: Logger
  readonly #closed: () => void
  readonly #handshake: BrokerHandshake
  readonly #helloTimer: Timer
  readonly #cork: FrameCork
  readonly #sessions = new Map<number, Session>()
  readonly #budget: SendBudget
  readonly #calls: CallsUnderWay
  #flushScheduled = false
  #paused = false
  #ended = false

  /** @param closed called once, when the connection is gone */
  constructor(connection: Connection, services: ClientServices, clock: Clock, logger: Logger, closed: () => void) {
    this.#connection = connection
    this.#services = services
    this.#logger = logger
    this.#closed = closed
    this.#handshake = new BrokerHandshake(services.identity, clock.now())
    this.#cork = new FrameCork((parts) => connection.send(parts))
    this.#budget = new SendBudget(connection, (stream) => this.#sessions.get(stream)?.roomAgain())
    this.#calls = new CallsUnderWay(() => this.#budget.isCongested)
    this.#helloTimer = clock.setTimer(services.identity.limits.helloTimeoutMs, () => {
      this.#carryOut(this.#handshake.tick(clock.now()))
    })
    connection.start({
      message: (bytes) => this.#message(bytes),
      drained: () => this.#drained(),
      closed: () => this.#end(),
    })
  }

  /** The broker stops: the client should go elsewhere. Sessions end; what is under way may still be answered. */
  goAway(error: EastGuardError): void {
    if (this.#ended) return
    for (const session of [...this.#sessions.values()]) session.fail(error)
    for (const { asked } of this.#calls.dropWaiting()) this.#refuse(asked, error)
    const { code, message } = error
    this.#send(encodeFrame({ kind: kinds.goAway.number, stream: 0 }, encodeGoAway({ code, message })))
  }

  /** After what is buffered. */
  close(): void {
    this.#flush()
    this.#connection.close(1001, 'going away')
  }

  /** Nothing of this client waits for an answer. */
  get isQuiet(): boolean {
    return this.#calls.count === 0 && this.#sessions.size === 0
  }

  #message(bytes: Uint8Array): void {
    const limit = this.#handshake.isReady ? this.#services.identity.limits.frameBytesMax : helloBytesMax
    try {
      for (const frame of splitMessage(bytes, limit)) {
        if (this.#ended) return
        if (this.#handshake.isReady) this.#frame(frame)
        else this.#carryOut(this.#handshake.receive(frame))
      }
    } catch (error) {
      this.#refuseConnection(error)
    }
  }

  #carryOut(effects: readonly HandshakeEffect<ClientPeer>[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          this.#send(effect.parts)
          break
        case 'ready':
          this.#helloTimer.cancel()
          this.#cork.frameBytesMax = frameToClientBytesMax
          break
        case 'close':
          this.#drop(effect.error)
          break
      }
    }
  }

  #frame(frame: Frame): void {
    let kind: Kind
    try {
      kind = admitFrame(frame, { port: 'client', sender: 'client' })
    } catch (error) {
      this.#refuse(frame, error) // an unknown kind is answered, the connection goes on (H65)
      return
    }
    if (isUnaryKind(kind)) this.#call(kind, frame)
    else if (kind === 'openProduce' || kind === 'openConsume') this.#open(kind, frame)
    else this.#sessionFrame(kind, frame)
  }

  #call(kind: UnaryKind, frame: Frame): void {
    const { callCountMax } = this.#services.identity.limits
    if (!this.#takeStream(frame)) return
    const asked: Asked = { kind: frame.kind, stream: frame.stream }
    try {
      checkRequestBytes(frame)
      if (this.#calls.count >= callCountMax) {
        throw codedError('EG_OVERLOADED', `${callCountMax} calls wait for an answer on this connection`)
      }
      this.#calls.add(kind, this.#served(asked, this.#services.call(kind, frame.body)))
    } catch (error) {
      this.#refuse(asked, error)
    }
  }

  /** Apart from `#call`, so that nothing of the frame is held. */
  #served(asked: Asked, serve: () => Promise<Uint8Array>): Call {
    const run = (): Promise<void> =>
      serve()
        .then((body) => this.#answer(asked, body))
        .catch((error: unknown) => this.#refuse(asked, error))
    return { asked, run }
  }

  #open(kind: 'openProduce' | 'openConsume', frame: Frame): void {
    const { stream } = frame
    const { sessionCountMax } = this.#services.identity.limits
    const opened = kind === 'openProduce' ? kinds.produceOpened.number : kinds.consumeOpened.number
    if (!this.#takeStream(frame)) return
    try {
      checkRequestBytes(frame)
      if (this.#sessions.size >= sessionCountMax) {
        throw codedError('EG_TOO_MANY_STREAMS', `${sessionCountMax} sessions are open on this connection`)
      }
      this.#sessions.set(stream, this.#services.open(kind, frame.body, this.#link(stream)))
    } catch (error) {
      this.#budget.forget(stream)
      this.#refuse({ kind: opened, stream }, error)
    }
  }

  #sessionFrame(kind: Kind, frame: Frame): void {
    const session = this.#sessions.get(frame.stream)
    if (session === undefined) {
      // The session may have ended here while the frame was under way; only an opening frame deserves an answer.
      if (kinds[kind].class !== 'session') {
        this.#refuseConnection(codedError('EG_UNEXPECTED_FRAME', `${kinds[kind].name} after the handshake`))
      }
      return
    }
    try {
      session.frame(frame)
    } catch (error) {
      if (!isEastGuardError(error)) throw error
      session.fail(error)
    }
  }

  #takeStream(frame: Frame): boolean {
    const { stream } = frame
    if (stream !== 0 && !this.#calls.has(stream) && !this.#sessions.has(stream)) return true
    // Two users of one stream could not tell their answers apart.
    this.#refuseConnection(codedError('EG_UNEXPECTED_FRAME', `stream ${stream} is in use`))
    return false
  }

  #link(stream: number): SessionLink {
    const budget = this.#budget
    return {
      send: (kind, body) => {
        const answer = kind === 'produceOpened' || kind === 'consumeOpened'
        this.#send(encodeFrame({ kind: kinds[kind].number, stream, answer }, body))
      },
      takeRoom: (bytes) => budget.take(stream, bytes),
      get congested() {
        return budget.isCongested
      },
      ended: () => {
        budget.forget(stream)
        this.#sessions.delete(stream)
      },
    }
  }

  #answer({ kind, stream }: Asked, body: Uint8Array): void {
    this.#send(encodeFrame({ kind, stream, answer: true }, body))
  }

  #refuse({ kind, stream }: Asked, error: unknown): void {
    if (!isEastGuardError(error)) this.#services.bug(error, `a frame of kind ${kind}`)
    this.#send(encodeFrame({ kind, stream, answer: true, error: true }, encodeError(toErrorBody(error))))
  }

  /** The connection as a whole has gone wrong: say why, then close. */
  #refuseConnection(error: unknown): void {
    if (!isEastGuardError(error)) this.#services.bug(error, 'a message of a client')
    this.#send(encodeFrame({ kind: kinds.error.number, stream: 0, error: true }, encodeError(toErrorBody(error))))
    this.#drop(isEastGuardError(error) ? error : codedError('EG_INTERNAL', 'internal error'))
  }

  #drop(error: EastGuardError): void {
    this.#logger.debug('client refused', {
      code: error.code,
      message: error.message,
      host: this.#connection.remote.host,
    })
    this.#flush()
    this.#end()
    this.#connection.close(1002, error.code)
  }

  #send(parts: readonly Uint8Array[]): void {
    if (this.#ended) return
    this.#cork.write(parts)
    if (this.#cork.bytes >= corkBytesMax) this.#flush()
    if (this.#flushScheduled) return
    this.#flushScheduled = true
    void Promise.resolve().then(() => {
      this.#flushScheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    this.#cork.flush()
    if (this.#paused || !this.#budget.isOverfull) return
    this.#paused = true
    this.#connection.pauseReceive()
  }

  #drained(): void {
    if (this.#paused) this.#connection.resumeReceive()
    this.#paused = false
    this.#calls.resume()
    this.#budget.callRefused()
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#helloTimer.cancel()
    this.#calls.dropWaiting()
    for (const session of this.#sessions.values()) session.end()
    this.#sessions.clear()
    this.#closed()
  }
}

/** A request is small: whatever is in it beyond what anybody could mean is not decoded, nor kept. */
function checkRequestBytes({ body }: Frame): void {
  if (body.length <= requestBytesMax) return
  throw codedError('EG_FRAME_TOO_LARGE', `a request of ${body.length} bytes; the limit is ${requestBytesMax}`, {
    bytes: body.length,
    limit: requestBytesMax,
  })
}
