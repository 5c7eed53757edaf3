import type { AbortSignal, EastGuardError } from '@eastguard/kernel'
import { sleep } from '@eastguard/kernel'
import {
  codedError,
  decodeAppendAck,
  decodeClose,
  decodeError,
  decodeMoved,
  decodeProduceOpened,
  encodeAppend,
  encodeOpenProduce,
  type Frame,
  fromErrorBody,
  type Kind,
} from '@eastguard/protocol'
import type { Components } from '../components.ts'
import { asEastGuardError } from '../errors.ts'
import { Backoff } from '../link/backoff.ts'
import type { BrokerLink, Session, SessionHandler } from '../link/broker-link.ts'
import type { Route, Routes } from '../route/routes.ts'
import type { OutgoingBatch } from './outgoing-batch.ts'
import { RangeSender, type SenderEffect, type SenderInput, type Written } from './range-sender.ts'
import type { BatchReceipt } from './receipt.ts'

/** What a lane needs of its producer. */
export interface LaneHost {
  readonly topic: string
  readonly components: Components
  readonly routes: Routes
  /** Aborts when the producer has closed. */
  readonly life: AbortSignal
  /** Whether the route still has this lane; otherwise the lane is the host's to dissolve, and opens nothing. */
  admits(lane: RangeLane, route: Route): boolean
  stored(batch: OutgoingBatch, receipt: BatchReceipt): void
  failed(batch: OutgoingBatch, written: Written, error: EastGuardError): void
}

/** Drives one range's sender: gets sessions, sends, and passes on what the broker says. */
export class RangeLane {
  readonly range: number
  readonly #host: LaneHost
  readonly #sender = new RangeSender<OutgoingBatch>()
  readonly #backoff: Backoff
  #effects: SenderEffect<OutgoingBatch>[] = []
  #performing = false
  #opening: Promise<void> = Promise.resolve()
  #session: Session | undefined
  #link: BrokerLink | undefined
  #route: Route | undefined
  #replicas = 1
  #failures = 0

  constructor(range: number, host: LaneHost) {
    this.range = range
    this.#host = host
    this.#backoff = new Backoff({ firstMs: 20, maxMs: 1000 }, host.components.random)
  }

  get isBacklogged(): boolean {
    return this.#sender.waitingCount > 0
  }

  get inFlightCount(): number {
    return this.#sender.inFlightCount
  }

  get nextDeadline(): number {
    return this.#sender.nextDeadline
  }

  queue(batch: OutgoingBatch): void {
    this.#step({ kind: 'queued', batch })
  }

  /** A queued batch has been built. */
  ready(): void {
    this.#step({ kind: 'ready' })
  }

  /** A queued batch could not be built. */
  drop(batch: OutgoingBatch, error: EastGuardError): void {
    this.#step({ kind: 'dropped', batch, error })
  }

  expire(now: number): void {
    this.#step({ kind: 'expired', now })
  }

  /** Nothing is sent any more, nobody waits any longer. */
  abandon(error: EastGuardError): void {
    this.#endSession()
    this.#step({ kind: 'abandoned', error })
  }

  takeWaiting(): readonly OutgoingBatch[] {
    this.#endSession()
    return this.#sender.takeWaiting()
  }

  /** Resolves when no attempt to open a session is under way. */
  async settled(): Promise<void> {
    await this.#opening
  }

  /** Effects run in the order in which they were decided, also those of inputs that come while some are performed. */
  #step(input: SenderInput<OutgoingBatch>): void {
    this.#effects.push(...this.#sender.step(input))
    if (this.#performing) return
    this.#performing = true
    try {
      for (let i = 0; i < this.#effects.length; i++) this.#perform(this.#effects[i] as SenderEffect<OutgoingBatch>)
    } finally {
      this.#effects = []
      this.#performing = false
    }
  }

  #perform(effect: SenderEffect<OutgoingBatch>): void {
    switch (effect.kind) {
      case 'open':
        this.#opening = this.#open(effect.after)
        break
      case 'append':
        // A batch is sent only once it has been built.
        this.#session?.send(
          'append',
          encodeAppend({ sequence: effect.sequence, batch: effect.batch.encoded as Uint8Array }),
        )
        break
      case 'stored':
        this.#host.stored(effect.batch, this.#receipt(effect))
        break
      case 'failed':
        this.#host.failed(effect.batch, effect.written, effect.error)
        break
      case 'violation':
        this.#link?.destroy(effect.error)
        break
    }
  }

  #receipt(stored: { batch: OutgoingBatch; baseOffset: number; appendTime: number }): BatchReceipt {
    return {
      topic: this.#host.topic,
      range: this.range,
      offset: stored.baseOffset,
      time: stored.appendTime,
      replicas: this.#replicas,
      count: stored.batch.recordCount,
    }
  }

  /** One attempt at a session. Never rejects: what goes wrong is an input. */
  async #open(after: EastGuardError | undefined): Promise<void> {
    const { routes, topic, life, components } = this.#host
    try {
      if (after !== undefined) await this.#pauseAfter(after, components.clock, life)
      const route = await routes.get(topic, life)
      if (!this.#host.admits(this, route)) return
      this.#route = route
      const link = await routes.leader(route, this.range, life)
      if (life.aborted) return
      this.#link = link
      this.#session = link.openSession(this.#handler())
      this.#session.send('openProduce', encodeOpenProduce({ topic: route.id, range: this.range }))
    } catch (error) {
      if (life.aborted) return // the producer has told everybody
      this.#forgetRoute()
      this.#step({ kind: 'refused', error: asEastGuardError(error), acceptedBelow: undefined })
    }
  }

  async #pauseAfter(after: EastGuardError, clock: Components['clock'], life: AbortSignal): Promise<void> {
    // Moved is no failure: the first attempt after it goes out at once.
    if (this.#failures++ > 0 || after.remedy !== 'refresh-route') await sleep(clock, this.#backoff.nextMs(), life)
  }

  #handler(): SessionHandler {
    return {
      frame: (kind, frame) => this.#frame(kind, frame),
      lost: (error) => {
        this.#session = undefined
        this.#link = undefined
        this.#forgetRoute()
        this.#step({ kind: 'lost', error })
      },
    }
  }

  #frame(kind: Kind, frame: Frame): void {
    if (frame.error) {
      this.#refused(fromErrorBody(decodeError(frame.body)), undefined)
      return
    }
    switch (kind) {
      case 'produceOpened': {
        const { windowBytes, windowBatches, replicas } = decodeProduceOpened(frame.body)
        this.#replicas = replicas
        this.#step({ kind: 'opened', windowBytes, windowBatches })
        break
      }
      case 'appendAck': {
        this.#failures = 0
        this.#backoff.reset()
        this.#step({ kind: 'acked', ack: decodeAppendAck(frame.body) })
        break
      }
      case 'moved': {
        const { reason, acceptedBelow } = decodeMoved(frame.body)
        this.#refused(codedError('EG_NOT_LEADER', `range ${this.range} moved: ${reason}`), acceptedBelow)
        break
      }
      case 'close': {
        const close = decodeClose(frame.body)
        this.#refused(fromErrorBody(close), close.acceptedBelow)
        break
      }
      default:
        throw codedError('EG_UNEXPECTED_FRAME', `${kind} in a produce session`)
    }
  }

  #refused(error: EastGuardError, acceptedBelow: number | undefined): void {
    this.#endSession()
    if (error.code !== 'EG_OVERLOADED') this.#forgetRoute()
    this.#step({ kind: 'refused', error, acceptedBelow })
  }

  /** It led to trouble: the next attempt asks who is responsible. */
  #forgetRoute(): void {
    if (this.#route !== undefined) this.#host.routes.forget(this.#host.topic, this.#route)
  }

  #endSession(): void {
    this.#session?.end()
    this.#session = undefined
    this.#link = undefined
  }
}
