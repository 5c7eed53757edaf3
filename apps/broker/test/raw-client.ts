import { AbortSource, type Address, type Connection, type Deferred, deferred, type Network } from '@eastguard/kernel'
import {
  decodeError,
  encodeFrame,
  encodeHello,
  type Frame,
  fromErrorBody,
  type Hello,
  type Kind,
  kindOf,
  kinds,
  splitMessage,
  type UnaryAnswer,
  type UnaryKind,
  type UnaryRequest,
  unaryCodecs,
} from '@eastguard/protocol'

export const hello: Hello = { versions: [1], clientId: 'test', software: 'test', features: [] }

/** A client without manners: it sends the bytes that a test wants sent and shows what comes back. */
export class RawClient {
  readonly #connection: Connection
  readonly #frames: Frame[] = []
  #waiting: Deferred<void> = deferred()
  #nextStream = 1_000_000
  closedWith: { readonly code: number; readonly text: string } | undefined

  private constructor(connection: Connection) {
    this.#connection = connection
    connection.start({
      message: (bytes) => {
        this.#frames.push(...splitMessage(bytes.slice(), 2 ** 30))
        this.#wake()
      },
      drained() {},
      closed: (reason) => {
        this.closedWith = reason
        this.#wake()
      },
    })
  }

  static async connect(network: Network, address: Address): Promise<RawClient> {
    const options = { path: '/v1', messageBytesMax: 2 ** 30, signal: new AbortSource().signal }
    return new RawClient(await network.connect(address, options))
  }

  /** Connected and greeted. */
  static async open(network: Network, address: Address): Promise<RawClient> {
    const client = await RawClient.connect(network, address)
    client.send('hello', 0, encodeHello(hello))
    await client.next('welcome')
    return client
  }

  sendBytes(...parts: readonly Uint8Array[]): void {
    this.#connection.send(parts)
  }

  send(kind: Kind, stream: number, body: Uint8Array | readonly Uint8Array[]): void {
    this.#connection.send(encodeFrame({ kind: kinds[kind].number, stream }, body))
  }

  /** The next frame of this kind; those of other kinds stay. Rejects when the connection ends first. */
  async next(kind: Kind, stream?: number): Promise<Frame> {
    for (;;) {
      const index = this.#frames.findIndex(
        (frame) => kindOf(frame.kind) === kind && (stream === undefined || frame.stream === stream),
      )
      const [frame] = index < 0 ? [] : this.#frames.splice(index, 1)
      if (frame !== undefined) return frame
      if (this.closedWith !== undefined) throw new Error(`closed (${this.closedWith.text}) before a ${kind} came`)
      await this.#waiting.promise
    }
  }

  /** The error that the broker sends on the connection as a whole. */
  async refusal(): Promise<string> {
    return fromErrorBody(decodeError((await this.next('error')).body)).code
  }

  async closed(): Promise<{ readonly code: number; readonly text: string }> {
    while (this.closedWith === undefined) await this.#waiting.promise
    return this.closedWith
  }

  async call<Name extends UnaryKind>(kind: Name, request: UnaryRequest<Name>): Promise<UnaryAnswer<Name>> {
    const stream = this.#nextStream++
    this.send(kind, stream, unaryCodecs[kind].encodeRequest(request))
    const frame = await this.next(kind, stream)
    if (frame.error) throw fromErrorBody(decodeError(frame.body))
    return unaryCodecs[kind].decodeAnswer(frame.body)
  }

  /** Frames that came and that nobody has asked for. */
  get unread(): readonly Frame[] {
    return this.#frames
  }

  pause(): void {
    this.#connection.pauseReceive()
  }

  resume(): void {
    this.#connection.resumeReceive()
  }

  destroy(): void {
    this.#connection.destroy()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = deferred()
    waiting.resolve()
  }
}
