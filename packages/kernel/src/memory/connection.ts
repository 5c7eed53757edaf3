import { invariant } from '../invariant.ts'
import { joinBytes } from '../join-bytes.ts'
import type { Address, Clock, Connection, ConnectionHandler, Timer } from '../ports.ts'

/** `drained` is due when more than this was buffered and less than half of it is left. */
const drainedBytes = 1024 * 1024
const closeDelayMs = 1000

type Reason = { readonly code: number; readonly text: string }

/** One end of a connection inside one process. What one end sends waits, in order, in the queue of the other. */
export class MemoryConnection implements Connection {
  readonly remote: Address
  readonly #clock: Clock
  readonly #messageBytesMax: number
  #peer: MemoryConnection = this // until `pair` joins two
  #handler: ConnectionHandler | undefined
  #inbox: Uint8Array[] = []
  #inboxBytes = 0
  #overfull = false
  #paused = false
  #pumping = false
  #closing: { readonly reason: Reason; readonly timer: Timer } | undefined
  #ended: Reason | undefined
  #onEnd: (() => void) | undefined

  private constructor(clock: Clock, remote: Address, messageBytesMax: number) {
    this.#clock = clock
    this.remote = remote
    this.#messageBytesMax = messageBytesMax
  }

  /** Two ends: the first is the caller's. */
  static pair(
    clock: Clock,
    client: { readonly at: Address; readonly messageBytesMax: number },
    server: { readonly at: Address; readonly messageBytesMax: number; readonly onEnd: () => void },
  ): readonly [MemoryConnection, MemoryConnection] {
    const first = new MemoryConnection(clock, server.at, client.messageBytesMax)
    const second = new MemoryConnection(clock, client.at, server.messageBytesMax)
    first.#peer = second
    second.#peer = first
    second.#onEnd = server.onEnd
    return [first, second]
  }

  get bufferedBytes(): number {
    return this.#ended === undefined ? this.#peer.#inboxBytes : 0
  }

  start(handler: ConnectionHandler): void {
    invariant(this.#handler === undefined, 'a connection is started once')
    this.#handler = handler
    this.#pump()
  }

  send(parts: readonly Uint8Array[]): void {
    const peer = this.#peer
    if (this.#ended !== undefined || this.#closing !== undefined) return
    const message = joinBytes(parts)
    peer.#inbox.push(message)
    peer.#inboxBytes += message.length
    if (peer.#inboxBytes > drainedBytes) peer.#overfull = true
    peer.#pump()
  }

  pauseReceive(): void {
    this.#paused = true
  }

  resumeReceive(): void {
    this.#paused = false
    this.#pump()
  }

  close(code: number, reason: string): void {
    if (this.#ended !== undefined || this.#closing !== undefined) return
    const timer = this.#clock.setTimer(closeDelayMs, () => this.destroy())
    this.#closing = { reason: { code, text: reason }, timer }
    this.#peer.#pump()
  }

  destroy(): void {
    this.#endBoth({ code: 1006, text: '' })
  }

  /** Delivers a turn later, one message after the other, as long as nobody pauses. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    // A handler that throws is a bug; it must surface as one, and does: as an unhandled rejection.
    void Promise.resolve().then(() => this.#deliver())
  }

  #deliver(): void {
    this.#pumping = false
    const handler = this.#handler
    if (handler === undefined) return
    if (this.#ended !== undefined) {
      this.#handler = { message() {}, drained() {}, closed() {} }
      handler.closed(this.#ended)
      return
    }
    while (!this.#paused && this.#ended === undefined) {
      const message = this.#inbox.shift()
      if (message === undefined) break
      this.#inboxBytes -= message.length
      if (message.length > this.#messageBytesMax) {
        this.#endBoth({ code: 1009, text: 'message too large' })
        return
      }
      handler.message(message)
      this.#drain()
    }
    const closing = this.#peer.#closing
    if (closing !== undefined && this.#inbox.length === 0) this.#endBoth(closing.reason)
  }

  #drain(): void {
    if (!this.#overfull || this.#inboxBytes >= drainedBytes / 2) return
    this.#overfull = false
    const sender = this.#peer.#handler
    sender?.drained()
  }

  #endBoth(reason: Reason): void {
    this.#end(reason)
    this.#peer.#end(reason)
  }

  #end(reason: Reason): void {
    if (this.#ended !== undefined) return
    this.#ended = reason
    this.#closing?.timer.cancel()
    this.#inbox = []
    this.#inboxBytes = 0
    this.#onEnd?.()
    this.#pump()
  }
}
