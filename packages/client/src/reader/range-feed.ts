import { type AbortSignal, type EastGuardError, sleep, withTimeout } from '@eastguard/kernel'
import {
  codedError,
  decodeClose,
  decodeConsumeOpened,
  decodeError,
  decodeIdle,
  decodeMoved,
  decodeRecords,
  encodeClose,
  encodeOpenConsume,
  encodeProgress,
  type Frame,
  fromErrorBody,
  type Kind,
  ReceiveWindow,
  toErrorBody,
} from '@eastguard/protocol'
import type { Components } from '../components.ts'
import { asEastGuardError } from '../errors.ts'
import { Backoff } from '../link/backoff.ts'
import type { BrokerLink, Session, SessionHandler } from '../link/broker-link.ts'
import type { Route, Routes } from '../route/routes.ts'
import type { ArrivedBatch, RangeCursor } from './range-cursor.ts'

/** What a feed needs of its reader. */
export interface FeedHost {
  readonly topic: string
  readonly topicId: string
  readonly components: Components
  readonly routes: Routes
  /** Aborts when the reader has closed. */
  readonly life: AbortSignal
  readonly windowBytes: number
  /** Ends as soon as everything committed has come. */
  readonly untilCaughtUp: boolean
  readonly unreachableMs: number | undefined
  arrived(feed: RangeFeed, batch: ArrivedBatch): void
  /** Nothing more comes: of its own accord, or because of an error that the user has to see. */
  finished(feed: RangeFeed, error: EastGuardError | undefined): void
}

/** Drives one range of a reader: holds a consume session open until the range's end is reached. */
export class RangeFeed {
  readonly range: number
  readonly cursor: RangeCursor
  readonly #host: FeedHost
  readonly #backoff: Backoff
  #working: Promise<void> = Promise.resolve()
  #session: Session | undefined
  #link: BrokerLink | undefined
  #route: Route | undefined
  #window: ReceiveWindow | undefined
  /** Everything below is taken by the user. */
  #takenBelow: number
  /** Of batches that have arrived and are not taken, over all sessions. */
  #queuedBytes = 0
  #waitsForRoom = false
  #isOpen = false
  #isFinished = false
  #failures = 0
  /** Since when there is no session. */
  #cutSince: number
  #heardAt = 0
  #idleIntervalMs = 0

  constructor(range: number, cursor: RangeCursor, host: FeedHost) {
    this.range = range
    this.cursor = cursor
    this.#host = host
    this.#takenBelow = cursor.next
    this.#cutSince = host.components.clock.now()
    this.#backoff = new Backoff({ firstMs: 20, maxMs: 1000 }, host.components.random)
  }

  get isFinished(): boolean {
    return this.#isFinished
  }

  get takenBelow(): number {
    return this.#takenBelow
  }

  start(): void {
    if (this.cursor.isAtEnd) this.#finish(undefined)
    else this.#reopen(undefined)
  }

  /** The user has gone past this batch: the broker may send more. */
  taken(batch: ArrivedBatch): void {
    this.#takenBelow = batch.to
    this.#queuedBytes -= batch.bytes.length
    if (this.#waitsForRoom) this.#reopen(undefined)
    const window = this.#window
    if (!this.#isOpen || window === undefined || batch.to < window.below) return
    window.grant({ bytes: this.#host.windowBytes })
    window.release(batch.to)
    if (!window.announceDue) return
    const { below, window: granted } = window.announce()
    this.#session?.send('progress', encodeProgress({ takenBelow: below, windowBytes: granted.bytes }))
  }

  /** A session that is never silent was silent for three of its intervals: the broker, or the way to it, is gone. */
  checkSilence(): void {
    if (this.#session === undefined || !this.#isOpen) return
    const limitMs = 3 * this.#idleIntervalMs
    const silentMs = this.#host.components.clock.now() - this.#heardAt
    if (silentMs <= limitMs) return
    const error = codedError('EG_UNREACHABLE', `range ${this.range} was silent for ${Math.floor(silentMs)} ms`)
    const link = this.#link
    // Where the whole connection is silent it is lost; where others are heard, only this session is.
    if (link !== undefined && link.silentMs > limitMs) link.destroy(error)
    else this.#again(error)
  }

  async close(): Promise<void> {
    this.#isFinished = true
    this.#endSession(true)
    await this.#working
  }

  #reopen(after: EastGuardError | undefined): void {
    this.#working = this.#open(after)
  }

  /** One attempt at a session. Never rejects. */
  async #open(after: EastGuardError | undefined): Promise<void> {
    const { life, components, unreachableMs } = this.#host
    const leftMs =
      unreachableMs === undefined ? Number.MAX_SAFE_INTEGER : this.#cutSince + unreachableMs - components.clock.now()
    const limit = withTimeout(components.clock, leftMs, `finding the leader of range ${this.range}`, life)
    try {
      // Moved is no failure: the first attempt after it goes out at once.
      if (after !== undefined && (this.#failures++ > 0 || after.remedy !== 'refresh-route')) {
        await sleep(components.clock, this.#backoff.nextMs(), limit.signal)
      }
      await this.#openSession(limit.signal)
    } catch (error) {
      if (!life.aborted) this.#failed(asEastGuardError(error))
    } finally {
      limit[Symbol.dispose]()
    }
  }

  async #openSession(signal: AbortSignal): Promise<void> {
    const { routes, topic, topicId, windowBytes } = this.#host
    // A session opens with half of the window free, so that no number of lost sessions adds up to more than one window.
    this.#waitsForRoom = this.#queuedBytes * 2 > windowBytes
    if (this.#waitsForRoom || this.#isFinished) return
    const route = await routes.get(topic, signal)
    if (route.id !== topicId) {
      throw codedError('EG_TOPIC_NOT_FOUND', `topic ${topic} was deleted; another one has its name now`, { topic })
    }
    this.#route = route
    const link = await routes.leader(route, this.range, signal)
    if (this.#isFinished) return
    this.#link = link
    this.#session = link.openSession(this.#handler())
    const freeBytes = windowBytes - this.#queuedBytes
    this.#window = new ReceiveWindow({ bytes: freeBytes }, this.cursor.next)
    const open = { topic: topicId, range: this.range, from: this.cursor.next, windowBytes: freeBytes }
    this.#session.send('openConsume', encodeOpenConsume(open))
  }

  #handler(): SessionHandler {
    return {
      frame: (kind, frame) => this.#frame(kind, frame),
      lost: (error) => {
        this.#session = undefined
        this.#again(error)
      },
    }
  }

  #frame(kind: Kind, frame: Frame): void {
    this.#heardAt = this.#host.components.clock.now()
    if (frame.error) {
      this.#failed(fromErrorBody(decodeError(frame.body)))
      return
    }
    switch (kind) {
      case 'consumeOpened': {
        const { startOffset, committedEnd } = decodeConsumeOpened(frame.body)
        this.#isOpen = true
        this.#idleIntervalMs = this.#link?.welcome.limits.idleIntervalMs ?? 0
        this.#opened(startOffset)
        this.#committed(committedEnd)
        break
      }
      case 'records':
        this.#records(frame.body)
        break
      case 'idle':
        this.#progressed()
        this.#committed(decodeIdle(frame.body).committedEnd)
        break
      case 'moved':
        this.#again(codedError('EG_NOT_LEADER', `range ${this.range} moved: ${decodeMoved(frame.body).reason}`))
        break
      case 'close':
        this.#closedByBroker(fromErrorBody(decodeClose(frame.body)))
        break
      default:
        throw codedError('EG_UNEXPECTED_FRAME', `${kind} in a consume session`)
    }
  }

  #opened(startOffset: number): void {
    const before = this.cursor.skippedCount
    this.cursor.opened(startOffset)
    const skippedCount = this.cursor.skippedCount - before
    if (skippedCount === 0) return
    const { components, topic } = this.#host
    const facts = { topic, range: this.range, skippedCount, startOffset }
    components.logger?.warn('retention removed records before they were read', facts)
  }

  #records(body: Uint8Array): void {
    if (!this.#isOpen) throw codedError('EG_UNEXPECTED_FRAME', 'Records before ConsumeOpened')
    this.#progressed()
    // The message is borrowed: one copy for all of its batches, which pin it together.
    const records = decodeRecords(body.slice())
    const arrived: ArrivedBatch[] = []
    let damage: EastGuardError | undefined
    try {
      this.cursor.take(records, arrived)
    } catch (error) {
      damage = asEastGuardError(error)
    }
    const bytes = records.parts.reduce((sum, part) => sum + part.length, 0)
    if (arrived.length > 0) this.#window?.received(this.cursor.next, bytes)
    for (const batch of arrived) {
      this.#queuedBytes += batch.bytes.length
      this.#host.arrived(this, batch)
    }
    if (damage !== undefined) this.#finish(damage)
    else this.#committed(records.committedEnd)
  }

  #committed(end: number): void {
    if (this.#host.untilCaughtUp && this.cursor.next >= end) this.cursor.endAt(this.cursor.next)
    if (this.cursor.isAtEnd) this.#finish(undefined)
  }

  #progressed(): void {
    this.#failures = 0
    this.#backoff.reset()
  }

  #closedByBroker(error: EastGuardError): void {
    // What was next has been trimmed meanwhile: opening again says where records start now.
    if (error.code === 'EG_OFFSET_OUT_OF_RANGE' && this.#isOpen) this.#again(error)
    else this.#failed(error)
  }

  #failed(error: EastGuardError): void {
    if (error.remedy === 'retry' || error.remedy === 'refresh-route') this.#again(error)
    else this.#finish(error)
  }

  /** H63: whatever ended the session, the reader goes on at the next offset, or says that it cannot. */
  #again(error: EastGuardError): void {
    if (this.#isFinished) return
    const { components, routes, topic, unreachableMs } = this.#host
    const now = components.clock.now()
    if (this.#isOpen) this.#cutSince = now
    this.#endSession(true)
    if (this.#route !== undefined) routes.forget(topic, this.#route)
    if (unreachableMs !== undefined && now - this.#cutSince >= unreachableMs) {
      const message = `range ${this.range} of topic ${topic} could not be read for ${unreachableMs} ms: ${error.message}`
      this.#finish(codedError('EG_UNREACHABLE', message, { topic, range: this.range, unreachableMs }, error))
      return
    }
    components.logger?.debug('reader opens again', { topic, range: this.range, code: error.code })
    this.#reopen(error)
  }

  #finish(error: EastGuardError | undefined): void {
    if (this.#isFinished) return
    this.#isFinished = true
    this.#endSession(true)
    this.#host.finished(this, error)
  }

  #endSession(tell: boolean): void {
    const session = this.#session
    this.#session = undefined
    this.#link = undefined
    this.#isOpen = false
    if (session === undefined) return
    if (tell) session.send('close', encodeClose(toErrorBody(codedError('EG_CLOSED', 'the reader has what it wants'))))
    session.end()
  }
}
