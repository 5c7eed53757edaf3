import type { Socket } from 'node:net'
import { type Address, type Connection, type ConnectionHandler, invariant } from '@eastguard/kernel'
import type { RawData, WebSocket } from 'ws'
import { plainBytes } from './plain-bytes.ts'

/** `drained` is due when more than this was buffered and less than half of it is left. */
const drainedBytes = 1024 * 1024
/** Parts from this size on leave as they are; smaller neighbours are joined, which is cheaper than a frame each. */
const wholePartBytes = 16 * 1024
/** How long a peer may take to take what was sent before the close, and to answer it. */
const closeTimeoutMs = 1000

export interface WebSocketOptions {
  readonly perMessageDeflate: false
  readonly allowSynchronousEvents: true
  readonly maxPayload: number
  readonly closeTimeout: number
}

/** What both ends of a connection are made with. */
export function webSocketOptions(messageBytesMax: number): WebSocketOptions {
  return {
    perMessageDeflate: false,
    allowSynchronousEvents: true,
    maxPayload: messageBytesMax,
    closeTimeout: closeTimeoutMs,
  }
}

type Reason = { readonly code: number; readonly text: string }

/**
 * One WebSocket.
 *
 * Parts of a message leave as fragments of it, so that large ones are never copied. Everything that is sent in one
 * turn of the event loop waits in the corked socket and leaves in one write.
 */
export class WsConnection implements Connection {
  readonly remote: Address
  readonly #webSocket: WebSocket
  readonly #socket: Socket
  #handler: ConnectionHandler | undefined
  #corked = false
  #overfull = false
  #ownReason: Reason | undefined
  #ended: Reason | undefined

  /** @param socket the one below `webSocket`, which has just been opened */
  constructor(webSocket: WebSocket, socket: Socket) {
    this.#webSocket = webSocket
    this.#socket = socket
    this.remote = { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }
    webSocket.pause()
    webSocket.on('error', (error) => this.#onError(error))
    webSocket.on('close', (code, text) => this.#onClose({ code, text: text.toString('utf8') }))
    webSocket.on('message', (data, isBinary) => this.#onMessage(data, isBinary))
  }

  get bufferedBytes(): number {
    return this.#ended === undefined ? this.#socket.writableLength : 0
  }

  start(handler: ConnectionHandler): void {
    invariant(this.#handler === undefined, 'a connection is started once')
    this.#handler = handler
    const ended = this.#ended
    if (ended === undefined) this.#webSocket.resume()
    else queueMicrotask(() => handler.closed(ended))
  }

  send(parts: readonly Uint8Array[]): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return
    this.#cork()
    const fragments = joinSmall(parts)
    const last = fragments.length - 1
    fragments.forEach((fragment, i) => {
      if (i < last) this.#webSocket.send(fragment, { binary: true, fin: false })
    })
    const end = fragments[last] ?? new Uint8Array(0)
    // What is buffered beyond this message: enough to know whether somebody must be told when it has left.
    if (this.#socket.writableLength + end.length > drainedBytes) this.#overfull = true
    if (this.#overfull) this.#webSocket.send(end, { binary: true }, () => this.#onWritten())
    else this.#webSocket.send(end, { binary: true })
  }

  pauseReceive(): void {
    this.#webSocket.pause()
  }

  resumeReceive(): void {
    this.#webSocket.resume()
  }

  close(code: number, reason: string): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return
    this.#ownReason = { code, text: reason }
    this.#webSocket.close(code, reason)
    // The answer to the close stands behind what a paused reader has not read.
    this.#webSocket.resume()
  }

  destroy(): void {
    this.#webSocket.terminate()
  }

  /** Until the poll phase has handed out everything that has arrived. */
  #cork(): void {
    if (this.#corked) return
    this.#corked = true
    this.#socket.cork()
    setImmediate(() => {
      this.#corked = false
      this.#socket.uncork()
    })
  }

  #onWritten(): void {
    if (!this.#overfull || this.bufferedBytes >= drainedBytes / 2) return
    this.#overfull = false
    if (this.#ended === undefined) this.#handler?.drained()
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (this.#ownReason !== undefined) return
    if (!isBinary) {
      this.close(1003, 'binary messages only')
      return
    }
    // `binaryType` is left at `nodebuffer`: one Buffer per message.
    this.#handler?.message(plainBytes(data as Buffer))
  }

  #onError(error: Error): void {
    const tooLarge = 'code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
    if (tooLarge) this.#ownReason ??= { code: 1009, text: 'message too large' }
  }

  #onClose(reason: Reason): void {
    this.#ended = this.#ownReason ?? reason
    this.#handler?.closed(this.#ended)
  }
}

/** Neighbours that together stay small become one; the bytes and their order stay. */
function joinSmall(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  if (parts.length <= 1) return parts
  const joined: Uint8Array[] = []
  let small: Uint8Array[] = []
  const flush = (): void => {
    if (small.length > 0) joined.push(small.length === 1 ? (small[0] as Uint8Array) : Buffer.concat(small))
    small = []
  }
  for (const part of parts) {
    if (part.length < wholePartBytes) {
      small.push(part)
      continue
    }
    flush()
    joined.push(part)
  }
  flush()
  return joined
}
