import type { UnaryKind } from '@eastguard/protocol'

/** Kinds that answer with pages: some 100 KiB each. */
const longKinds: ReadonlySet<UnaryKind> = new Set([
  'createTopic',
  'describeTopic',
  'listTopics',
  'alterTopic',
  'trimTopic',
  'listSegments',
])

/** Long answers that may be in the making for one client: beyond what is buffered already, this is what it can cost. */
const longCallsMax = 16

export interface Call {
  /** Kind and stream of the answer. */
  readonly asked: { readonly kind: number; readonly stream: number }
  /** Serves and answers. Never rejects. */
  readonly run: () => Promise<void>
}

// Unary calls of one connection without an answer. Short ones run at once. Those with long answers run a few at a time,
// and none while the network is congested: a client that asks for a thousand pages and reads none holds a few.
export class CallsUnderWay {
  readonly #isCongested: () => boolean
  readonly #streams = new Set<number>()
  /** At most as many as the connection may have calls. */
  #waiting: Call[] = []
  #longCount = 0

  constructor(isCongested: () => boolean) {
    this.#isCongested = isCongested
  }

  get count(): number {
    return this.#streams.size
  }

  has(stream: number): boolean {
    return this.#streams.has(stream)
  }

  add(kind: UnaryKind, call: Call): void {
    this.#streams.add(call.asked.stream)
    if (longKinds.has(kind)) {
      this.#waiting.push(call)
      this.resume()
    } else {
      void call.run().finally(() => this.#streams.delete(call.asked.stream))
    }
  }

  /** The network may have room again. */
  resume(): void {
    while (this.#longCount < longCallsMax && !this.#isCongested()) {
      const call = this.#waiting.shift()
      if (call === undefined) return
      this.#longCount++
      void call.run().finally(() => {
        this.#streams.delete(call.asked.stream)
        this.#longCount--
        this.resume()
      })
    }
  }

  /** @returns calls that had not begun, and never will */
  dropWaiting(): readonly Call[] {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { asked } of waiting) this.#streams.delete(asked.stream)
    return waiting
  }
}
