import { type EastGuardError, isEastGuardError } from '@eastguard/kernel'
import { codedError } from '../error-table.ts'
import { encodeFrame, type Frame } from '../frame.ts'
import { kinds } from '../kind.ts'
import { type Limits, limitTable } from '../limits.ts'
import { decodeError, encodeError, fromErrorBody, toErrorBody } from '../message/error.ts'
import { decodeHello, encodeHello, type Hello } from '../message/hello.ts'
import { decodeWelcome, encodeWelcome, type Welcome } from '../message/welcome.ts'

// The first exchange: Hello, then Welcome or Error. Anything before Hello but Hello closes the connection.

/** Protocol versions that this package speaks, best first. */
export const protocolVersions: readonly number[] = [1]

export type HandshakeEffect<Peer> =
  /** One frame, to be sent now. */
  | { readonly kind: 'send'; readonly parts: readonly Uint8Array[] }
  /** Done: frames may be as large as announced from now on. */
  | { readonly kind: 'ready'; readonly peer: Peer }
  /** Failed: close the connection after what was sent. */
  | { readonly kind: 'close'; readonly error: EastGuardError }

export interface BrokerIdentity {
  readonly clusterId: string
  readonly brokerId: string
  readonly bootId: number
  readonly software: string
  readonly features: readonly string[]
  readonly limits: Limits
}

/** What a broker knows of a client after the handshake. */
export interface ClientPeer {
  readonly hello: Hello
  readonly version: number
}

type State = 'waiting' | 'ready' | 'closed'

/** The broker's side. */
export class BrokerHandshake {
  readonly #identity: BrokerIdentity
  #state: State = 'waiting'
  /** On the clock of `now`, ms: without Hello by then the connection closes. */
  readonly deadline: number

  /** @param now when the connection opened */
  constructor(identity: BrokerIdentity, now: number) {
    this.#identity = identity
    this.deadline = now + identity.limits.helloTimeoutMs
  }

  get isReady(): boolean {
    return this.#state === 'ready'
  }

  /** The first frame of the connection. Later frames are not the handshake's. */
  receive(frame: Frame): readonly HandshakeEffect<ClientPeer>[] {
    if (this.#state !== 'waiting') return []
    try {
      const hello = readHello(frame)
      const welcome = answerHello(hello, this.#identity)
      this.#state = 'ready'
      const parts = encodeFrame({ kind: kinds.welcome.number, stream: 0, answer: true }, encodeWelcome(welcome))
      return [
        { kind: 'send', parts },
        { kind: 'ready', peer: { hello, version: welcome.version } },
      ]
    } catch (error) {
      if (!isEastGuardError(error)) throw error
      return this.#refuse(error)
    }
  }

  tick(now: number): readonly HandshakeEffect<ClientPeer>[] {
    if (this.#state !== 'waiting' || now < this.deadline) return []
    const { helloTimeoutMs } = this.#identity.limits
    return this.#refuse(codedError('EG_TIMEOUT', `no Hello within ${helloTimeoutMs} ms`, { helloTimeoutMs }))
  }

  #refuse(error: EastGuardError): readonly HandshakeEffect<ClientPeer>[] {
    this.#state = 'closed'
    const parts = encodeFrame({ kind: kinds.error.number, stream: 0, error: true }, encodeError(toErrorBody(error)))
    return [
      { kind: 'send', parts },
      { kind: 'close', error },
    ]
  }
}

function readHello(frame: Frame): Hello {
  if (frame.kind !== kinds.hello.number || frame.stream !== 0 || frame.answer || frame.error) {
    throw codedError('EG_UNEXPECTED_FRAME', 'the first frame of a connection is Hello on stream 0', {
      kind: frame.kind,
      stream: frame.stream,
    })
  }
  return decodeHello(frame.body)
}

/** @throws EG_UNSUPPORTED_VERSION (give-up), EG_WRONG_CLUSTER (fix-call) */
export function answerHello(hello: Hello, identity: BrokerIdentity): Welcome {
  const version = protocolVersions.find((candidate) => hello.versions.includes(candidate))
  if (version === undefined) {
    throw codedError(
      'EG_UNSUPPORTED_VERSION',
      `the client speaks protocol versions ${hello.versions.join(', ')}; this broker speaks ${protocolVersions.join(', ')}`,
    )
  }
  if (hello.clusterId !== undefined && hello.clusterId !== identity.clusterId) {
    throw codedError(
      'EG_WRONG_CLUSTER',
      `this broker belongs to cluster ${identity.clusterId}, not ${hello.clusterId}`,
      {
        wanted: hello.clusterId,
        clusterId: identity.clusterId,
      },
    )
  }
  const { clusterId, brokerId, bootId, software, limits } = identity
  const features = identity.features.filter((feature) => hello.features.includes(feature))
  return { version, clusterId, brokerId, bootId, software, features, limits }
}

/** The client's side. */
export class ClientHandshake {
  readonly #hello: Hello
  readonly #timeoutMs: number
  #state: State = 'waiting'
  readonly deadline: number

  constructor(hello: Hello, settings: { readonly now: number; readonly timeoutMs?: number }) {
    this.#hello = hello
    this.#timeoutMs = settings.timeoutMs ?? limitTable.helloTimeoutMs.default
    this.deadline = settings.now + this.#timeoutMs
  }

  get isReady(): boolean {
    return this.#state === 'ready'
  }

  /** The frame that opens the connection. */
  start(): readonly Uint8Array[] {
    return encodeFrame({ kind: kinds.hello.number, stream: 0 }, encodeHello(this.#hello))
  }

  receive(frame: Frame): readonly HandshakeEffect<Welcome>[] {
    if (this.#state !== 'waiting') return []
    try {
      const welcome = this.#readWelcome(frame)
      this.#state = 'ready'
      return [{ kind: 'ready', peer: welcome }]
    } catch (error) {
      if (!isEastGuardError(error)) throw error
      this.#state = 'closed'
      return [{ kind: 'close', error }]
    }
  }

  tick(now: number): readonly HandshakeEffect<Welcome>[] {
    if (this.#state !== 'waiting' || now < this.deadline) return []
    this.#state = 'closed'
    const error = codedError('EG_TIMEOUT', `no Welcome within ${this.#timeoutMs} ms`, { timeoutMs: this.#timeoutMs })
    return [{ kind: 'close', error }]
  }

  #readWelcome(frame: Frame): Welcome {
    if (frame.error || frame.kind === kinds.error.number) throw fromErrorBody(decodeError(frame.body))
    if (frame.kind !== kinds.welcome.number || frame.stream !== 0) {
      throw codedError('EG_UNEXPECTED_FRAME', 'the answer to Hello is Welcome on stream 0', { kind: frame.kind })
    }
    const welcome = decodeWelcome(frame.body)
    if (!this.#hello.versions.includes(welcome.version)) {
      throw codedError(
        'EG_UNSUPPORTED_VERSION',
        `the broker chose protocol version ${welcome.version}, which was not offered`,
      )
    }
    const { clusterId } = this.#hello
    if (clusterId !== undefined && clusterId !== welcome.clusterId) {
      throw codedError('EG_WRONG_CLUSTER', `the broker belongs to cluster ${welcome.clusterId}, not ${clusterId}`)
    }
    return welcome
  }
}
