import type { Connection } from '@eastguard/kernel'

// How much may wait for one client's network. Whoever is refused here is called again: either bytes are buffered above
// a bound that the connection reports to have drained, or somebody holds room and gives it back.

const MiB = 2 ** 20

/** Above this nothing that is large is added. Well above the 1 MiB from which a connection reports `drained`. */
const congestedBytes = 4 * MiB
/**
 * Above this nothing is received either: a client that sends and does not read. Higher than `congestedBytes`, so that a
 * reader on a slow line, which stops there, still gets its progress and its appends through.
 */
const overfullBytes = 8 * MiB

/** Bytes that a read under way may send. */
export interface SendRoom extends Disposable {
  /** Asked when the bytes are there: may they be sent? If not, they are to be dropped; the stream is called again. */
  confirm(): boolean
}

/** P12, P18: a client that does not read costs a bounded amount of memory, however much it asks for. */
export class SendBudget {
  readonly #connection: Connection
  readonly #call: (stream: number) => void
  #reservedBytes = 0
  /** Streams that were refused, in that order: the first are called first, so that none starves. */
  readonly #refused = new Set<number>()

  /** @param call there may be room again for a stream that was refused */
  constructor(connection: Connection, call: (stream: number) => void) {
    this.#connection = connection
    this.#call = call
  }

  get isCongested(): boolean {
    return this.#connection.bufferedBytes > congestedBytes
  }

  get isOverfull(): boolean {
    return this.#connection.bufferedBytes > overfullBytes
  }

  /** Before the bytes are read, so that many reads at a time are bounded too. */
  take(stream: number, bytes: number): SendRoom | undefined {
    if (!this.#hasRoom) {
      this.#refused.add(stream)
      return undefined
    }
    this.#reservedBytes += bytes
    let held = true
    return {
      confirm: () => {
        // One batch may be larger than was asked for: those that were read meanwhile wait.
        if (this.isCongested) this.#refused.add(stream)
        return !this.isCongested
      },
      [Symbol.dispose]: () => {
        if (!held) return
        held = false
        this.#reservedBytes -= bytes
        this.callRefused()
      },
    }
  }

  /** The stream has ended. */
  forget(stream: number): void {
    this.#refused.delete(stream)
  }

  /** Bytes have left, or room was given back. */
  callRefused(): void {
    for (const stream of this.#refused) {
      if (!this.#hasRoom) return
      this.#refused.delete(stream)
      this.#call(stream)
    }
  }

  get #hasRoom(): boolean {
    return this.#connection.bufferedBytes + this.#reservedBytes <= congestedBytes
  }
}
