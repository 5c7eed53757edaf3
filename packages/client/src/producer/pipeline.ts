import { type AbortSignal, AbortSource, type EastGuardError, sleep } from '@eastguard/kernel'
import { codedError } from '@eastguard/protocol'
import { BatchReader } from '@eastguard/record'
import type { Components } from '../components.ts'
import { EarliestTimer } from '../earliest-timer.ts'
import { asEastGuardError, outcomeUnknown, retold } from '../errors.ts'
import { Backoff } from '../link/backoff.ts'
import type { Route, Routes } from '../route/routes.ts'
import { Accumulator, type ClosedBatch } from './accumulator.ts'
import { Admission, type Waiter } from './admission.ts'
import { fail, take } from './delivery.ts'
import { type Epoch, FlushEpochs } from './flush-epochs.ts'
import type { Entry, OutgoingBatch } from './outgoing-batch.ts'
import { type ResolvedProducerSettings, waitingCountMax } from './producer-settings.ts'
import { type LaneHost, RangeLane } from './range-lane.ts'
import type { Written } from './range-sender.ts'
import type { BatchReceipt } from './receipt.ts'

// The way of a record through the client:
//
//   room in the buffer ─► route known? ─► batch of its range ─► lane ─► outcome ─► room again
//     (waiters, FIFO)     (unrouted, FIFO)   (accumulator)      (one per range)
//
// Every arrow keeps the order, and every place is bounded by the buffer or by the number of waiters.

export class ProducePipeline implements LaneHost {
  readonly topic: string
  readonly components: Components
  readonly routes: Routes
  readonly #settings: ResolvedProducerSettings
  readonly #admission: Admission
  readonly #epochs = new FlushEpochs()
  readonly #lanes = new Map<number, RangeLane>()
  readonly #life = new AbortSource()
  #accumulator: Accumulator | undefined
  #route: Route | undefined
  /** The ranges have changed: batches of those that are gone wait to be built anew; see `#adopt`. */
  #nextRoute: Route | undefined
  /** Accepted, not in a batch yet: the route is not known, or changes. */
  #unrouted: Entry[] = []
  /** Batches taken from lanes that are gone, being opened. */
  #rebuilding: readonly OutgoingBatch[] = []
  #adopting = false
  readonly #encoding = new Map<OutgoingBatch, Promise<void>>()
  #routing: Promise<void> | undefined
  readonly #lingerTimer: EarliestTimer
  #turnEnd = false
  /** As good as never moved while everything is in time. */
  readonly #deadlineTimer: EarliestTimer

  constructor(
    topic: string,
    settings: ResolvedProducerSettings,
    parts: { readonly components: Components; readonly routes: Routes },
  ) {
    this.topic = topic
    this.components = parts.components
    this.routes = parts.routes
    this.#settings = settings
    this.#admission = new Admission({ bytesMax: settings.bufferBytes, waitingCountMax })
    const { clock } = parts.components
    this.#lingerTimer = new EarliestTimer(clock, () => this.#closeDue())
    this.#deadlineTimer = new EarliestTimer(clock, (now) => this.#expire(now))
  }

  get life(): AbortSignal {
    return this.#life.signal
  }

  get bufferedBytes(): number {
    return this.#admission.bytes
  }

  /** Counts records that come now. */
  enterEpoch(count: number): Epoch {
    const epoch = this.#epochs.present
    epoch.open += count
    return epoch
  }

  /** A call gives up records that never entered. */
  leaveEpoch(epoch: Epoch, count: number): void {
    this.#epochs.settled(epoch, count)
  }

  get hasWaiting(): boolean {
    return this.#admission.hasWaiting
  }

  /** @returns false without room for it; otherwise its delivery hears the outcome, at once where it is wrong in itself */
  tryEnter(entry: Entry): boolean {
    if (!this.#admission.tryTake(entry.bytes)) return false
    this.#deadlineTimer.arm(entry.deadline)
    if (this.#accumulator === undefined || this.#nextRoute !== undefined) {
      this.#unrouted.push(entry)
      this.#findRoute()
    } else {
      this.#add(this.#accumulator, entry)
      this.#dispatch()
    }
    return true
  }

  /** @returns false when too many wait */
  wait(waiter: Waiter): boolean {
    this.#deadlineTimer.arm(waiter.deadline)
    return this.#admission.wait(waiter)
  }

  /** Sends what there is; resolves when everything that came before has its outcome. */
  flush(): Promise<void> {
    const flushed = this.#epochs.flush()
    this.#accumulator?.closeAll()
    this.#dispatch()
    return flushed
  }

  /** Nothing is sent any more; what has no outcome gets one now. */
  async abandon(error: EastGuardError): Promise<void> {
    this.#life.abort(error)
    this.#admission.expire(Number.POSITIVE_INFINITY)
    const rebuilding = this.#rebuilding
    this.#rebuilding = []
    for (const batch of rebuilding) this.failed(batch, 'never', error)
    this.#failUnrouted(error)
    this.#accumulator?.closeAll()
    this.#dispatch()
    for (const lane of this.#lanes.values()) lane.abandon(error)
    this.#lingerTimer.cancel()
    this.#deadlineTimer.cancel()
    await Promise.allSettled([...this.#encoding.values()])
    await this.#routing
    for (const lane of this.#lanes.values()) await lane.settled()
  }

  admits(lane: RangeLane, route: Route): boolean {
    const { keys } = route
    if (keys === undefined || this.#route?.keys === undefined) {
      throw codedError('EG_RANGE_NOT_FOUND', `the ranges of topic ${this.topic} are being replaced`)
    }
    if (route === this.#route) return true
    if (route.id === this.#route.id && keys.equals(this.#route.keys)) this.#route = route
    else this.#reroute(route)
    return this.#nextRoute === undefined || this.#remains(lane, this.#nextRoute)
  }

  stored(batch: OutgoingBatch, receipt: BatchReceipt): void {
    batch.stored(receipt)
    this.#settled(batch)
  }

  failed(batch: OutgoingBatch, written: Written, error: EastGuardError): void {
    const { range, recordCount } = batch
    const facts = { ...error.facts, topic: this.topic, range, count: recordCount }
    const what = `${recordCount} records of topic ${this.topic}, range ${range}`
    batch.failed(
      written === 'unknown'
        ? outcomeUnknown(`${what} may have been written`, error, facts)
        : retold(error, `${what} were not written: ${error.message}`, facts),
      written,
    )
    this.#settled(batch)
  }

  #settled(batch: OutgoingBatch): void {
    this.#admission.release(batch.bytesReserved)
    this.#epochs.settled(batch.epoch, batch.recordCount)
    if (this.life.aborted) return
    this.#admission.admit()
    if (this.#nextRoute !== undefined) this.#adopt()
    // The window has moved on: what was held back behind it may go.
    else if (this.#lanes.get(batch.range)?.isBacklogged === false) this.#closeDue()
  }

  #add(accumulator: Accumulator, entry: Entry): void {
    try {
      if (take(entry.delivery)) {
        if (accumulator.add(entry, this.components.clock.now())) this.#armLinger()
        return
      }
    } catch (error) {
      fail(entry.delivery, asEastGuardError(error), 'never', entry.tag)
    }
    this.#admission.release(entry.bytes)
    this.#epochs.settled(entry.epoch, 1)
  }

  /** Builds what has closed, and hands it to its lane. */
  #dispatch(): void {
    const accumulator = this.#accumulator
    if (accumulator === undefined) return
    for (const { batch, builder } of accumulator.takeClosed()) {
      const lane = this.#lane(batch.range)
      const { codec } = this.#settings
      if (codec === undefined) batch.encoded = builder.build()
      else this.#encode({ batch, builder }, lane)
      accumulator.release(builder)
      lane.queue(batch)
    }
  }

  #encode({ batch, builder }: ClosedBatch, lane: RangeLane): void {
    const { codec } = this.#settings
    if (codec === undefined) return
    const encoding = builder.buildWith(codec).then(
      (bytes) => {
        batch.encoded = bytes
        this.#encoding.delete(batch)
        lane.ready()
      },
      (error) => {
        this.#encoding.delete(batch)
        lane.drop(batch, asEastGuardError(error))
      },
    )
    this.#encoding.set(batch, encoding)
  }

  #lane(range: number): RangeLane {
    let lane = this.#lanes.get(range)
    if (lane === undefined) {
      lane = new RangeLane(range, this)
      this.#lanes.set(range, lane)
    }
    return lane
  }

  #findRoute(): void {
    if (this.#routing !== undefined || this.#nextRoute !== undefined) return
    this.#routing = this.#askRoute().finally(() => {
      this.#routing = undefined
    })
  }

  async #askRoute(): Promise<void> {
    const { clock, random } = this.components
    const backoff = new Backoff({ firstMs: 20, maxMs: 1000 }, random)
    while (!this.life.aborted && this.#unrouted.length > 0) {
      try {
        const route = await this.routes.get(this.topic, this.life)
        if (route.keys !== undefined) {
          this.#start(route)
          return
        }
        this.routes.forget(this.topic, route)
      } catch (error) {
        if (this.life.aborted) return
        const { remedy } = asEastGuardError(error)
        if (remedy === 'fix-call' || remedy === 'give-up') this.#failUnrouted(asEastGuardError(error))
      }
      await sleep(clock, backoff.nextMs(), this.life).catch(() => {}) // the condition of the loop looks at the signal
    }
  }

  #start(route: Route): void {
    if (route.keys === undefined || this.life.aborted) return
    this.#route = route
    if (this.#accumulator === undefined) this.#accumulator = new Accumulator(this.#settings, route.keys)
    else this.#accumulator.keys = route.keys
    this.#drainUnrouted()
  }

  #drainUnrouted(): void {
    const accumulator = this.#accumulator
    if (accumulator === undefined) return
    const entries = this.#unrouted
    this.#unrouted = []
    for (const entry of entries) this.#add(accumulator, entry)
    this.#dispatch()
    this.#admission.admit()
  }

  #remains(lane: RangeLane, route: Route): boolean {
    return route.id === this.#route?.id && route.ranges.get(lane.range)?.state === 'active'
  }

  /** Ranges were replaced (or the topic was): new records wait until those before them are in their new places. */
  #reroute(route: Route): void {
    this.#nextRoute = route
    this.#accumulator?.closeAll()
    this.#dispatch()
    this.#adopt()
  }

  /** P2: a key's earlier records are settled, or in front of the queue, before later ones take the new route. */
  #adopt(): void {
    const route = this.#nextRoute
    if (route === undefined || this.#adopting) return
    const gone = [...this.#lanes.values()].filter((lane) => !this.#remains(lane, route))
    if (gone.some((lane) => lane.inFlightCount > 0)) return
    this.#adopting = true
    this.#rebuilding = gone.flatMap((lane) => lane.takeWaiting())
    for (const lane of gone) this.#lanes.delete(lane.range)
    this.#routing = this.#rebuild(route).finally(() => {
      this.#adopting = false
      this.#routing = undefined
    })
  }

  async #rebuild(route: Route): Promise<void> {
    const entries: Entry[] = []
    for (const batch of this.#rebuilding) {
      await this.#encoding.get(batch)
      try {
        const encoded = batch.encoded ?? new Uint8Array(0) // its codec failed: that is malformed, too
        const reader = await BatchReader.inflate(encoded, this.components.codecs)
        entries.push(...batch.entries(reader.records()))
      } catch (error) {
        if (!this.life.aborted) this.failed(batch, 'never', asEastGuardError(error))
      }
    }
    if (this.life.aborted) return
    this.#rebuilding = []
    this.#nextRoute = undefined
    this.#unrouted = [...entries, ...this.#unrouted]
    for (const entry of entries) this.#deadlineTimer.arm(entry.deadline)
    this.#start(route)
  }

  #failUnrouted(error: EastGuardError): void {
    const entries = this.#unrouted
    this.#unrouted = []
    for (const entry of entries) this.#failEntry(entry, error)
    if (!this.life.aborted) this.#admission.admit()
  }

  #failEntry(entry: Entry, error: EastGuardError): void {
    fail(entry.delivery, error, 'never', entry.tag)
    this.#admission.release(entry.bytes)
    this.#epochs.settled(entry.epoch, 1)
  }

  #armLinger(): void {
    if (this.#settings.lingerMs === 0) {
      if (this.#turnEnd) return
      this.#turnEnd = true
      void Promise.resolve().then(() => {
        this.#turnEnd = false
        this.#closeDue()
      })
    } else this.#lingerTimer.arm(this.components.clock.now() + this.#settings.lingerMs)
  }

  #closeDue(): void {
    const { clock } = this.components
    const next = this.#accumulator?.closeDue(clock.now(), (range) => this.#lanes.get(range)?.isBacklogged === true)
    this.#dispatch()
    if (next !== undefined && !this.life.aborted) this.#lingerTimer.arm(next)
  }

  #expire(now: number): void {
    this.#admission.expire(now)
    const late = this.#unrouted.filter((entry) => entry.deadline <= now)
    if (late.length > 0) this.#unrouted = this.#unrouted.filter((entry) => entry.deadline > now)
    const message = `a record of topic ${this.topic} was not sent before the deadline, and never will be`
    for (const entry of late) this.#failEntry(entry, codedError('EG_TIMEOUT', message, { topic: this.topic }))
    this.#accumulator?.closeAll()
    this.#dispatch()
    let next = Math.min(this.#admission.nextDeadline, this.#unrouted[0]?.deadline ?? Number.POSITIVE_INFINITY)
    for (const lane of this.#lanes.values()) {
      lane.expire(now)
      next = Math.min(next, lane.nextDeadline)
    }
    this.#admission.admit()
    if (next < Number.POSITIVE_INFINITY && !this.life.aborted) this.#deadlineTimer.arm(next)
  }
}
