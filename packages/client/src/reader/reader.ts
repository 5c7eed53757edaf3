import {
  type AbortSignal,
  AbortSource,
  abortReason,
  type Deferred,
  deferred,
  isEastGuardError,
  type Timer,
} from '@eastguard/kernel'
import { codedError } from '@eastguard/protocol'
import { BatchReader } from '@eastguard/record'
import type { Components } from '../components.ts'
import { asEastGuardError } from '../errors.ts'
import type { Caller } from '../link/caller.ts'
import type { LinkPool } from '../link/link-pool.ts'
import { orAbort } from '../link/or-abort.ts'
import { formatPosition } from '../position.ts'
import type { Route, Routes } from '../route/routes.ts'
import { type ArrivedBatch, RangeCursor } from './range-cursor.ts'
import { type FeedHost, RangeFeed } from './range-feed.ts'
import { planRanges, type RangePlan } from './read-plan.ts'
import type { ResolvedReaderSettings } from './reader-settings.ts'
import { type BatchSource, type ReadRecord, RecordBatch } from './record-batch.ts'
import { RecordIterator } from './record-iterator.ts'

export interface ReaderParts {
  readonly components: Components
  readonly routes: Routes
  readonly caller: Caller
  readonly pool: LinkPool
}

interface Waiting {
  readonly feed: RangeFeed
  readonly plan: RangePlan
  readonly source: BatchSource
  readonly batch: ArrivedBatch
}

/**
 * Reads a topic: every committed record of its ranges that retention has not removed, each once, each range in order;
 * no order between ranges (P4). Starts with the first call. Lost connections are found and made again below it, at the
 * next offset; what cannot be read ends it with an error in the iterator: EG_DAMAGED names the place.
 *
 * One reader is one pass: `for await` over the reader, or over `batches()`, whichever comes first.
 */
export class Reader implements AsyncIterable<ReadRecord>, AsyncDisposable {
  readonly topic: string
  readonly #settings: ResolvedReaderSettings
  readonly #parts: ReaderParts
  readonly #signal: AbortSignal | undefined
  readonly #onClose: () => void
  readonly #life = new AbortSource()
  readonly #feeds = new Map<number, RangeFeed>()
  /** Arrived, in the order of arrival: bounded by the windows of the feeds. */
  #queue: Waiting[] = []
  #head = 0
  #taken: Waiting | undefined
  #error: Error | undefined
  #arrival: Deferred<void> | undefined
  #ready: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #silenceTimer: Timer | undefined
  #topicId = ''
  readonly #onAbort = (): void => this.#fail(abortReason(this.#signal as AbortSignal)) // listens only with a signal

  constructor(
    topic: string,
    settings: ResolvedReaderSettings,
    parts: ReaderParts,
    options: { readonly signal: AbortSignal | undefined; readonly onClose: () => void },
  ) {
    this.topic = topic
    this.#settings = settings
    this.#parts = parts
    this.#signal = options.signal
    this.#onClose = options.onClose
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  /**
   * Resolves when start and end of every range are fixed: records sent after that are read by `from: 'end'`. The first
   * call of an iterator does the same by itself.
   * @throws EG_TOPIC_NOT_FOUND, EG_INVALID_ARGUMENT, EG_UNREACHABLE, …
   */
  ready(): Promise<void> {
    this.#ready ??= this.#begin()
    return this.#ready
  }

  /** Records that retention removed before the reader came to them. */
  get skippedCount(): number {
    let count = 0
    for (const feed of this.#feeds.values()) count += feed.cursor.skippedCount
    return count
  }

  /**
   * Behind everything that the loop has asked to go past: a reader `from` this position goes on there. Opaque text.
   * @throws EG_INVALID_ARGUMENT before `ready`
   */
  get position(): string {
    if (this.#feeds.size === 0) throw codedError('EG_INVALID_ARGUMENT', 'a reader has a position once it is ready')
    const offsets = new Map([...this.#feeds.values()].map((feed) => [feed.range, feed.takenBelow]))
    return formatPosition({ topic: this.#topicId, offsets })
  }

  /** Record by record; `batches` is several times faster. */
  [Symbol.asyncIterator](): AsyncIterator<ReadRecord, undefined> {
    return new RecordIterator(this)
  }

  /** Batch by batch, as they were written. A batch counts as taken when the loop asks for the next. */
  batches(): AsyncIterable<RecordBatch> & AsyncIterator<RecordBatch, undefined> {
    const iterator: AsyncIterable<RecordBatch> & AsyncIterator<RecordBatch, undefined> = {
      next: async () => {
        const batch = await this.nextBatch()
        return batch === undefined ? { done: true, value: undefined } : { done: false, value: batch }
      },
      return: async () => {
        await this.close()
        return { done: true, value: undefined }
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  /** The next batch, or undefined at the end. One call at a time. @throws what ends the reader */
  async nextBatch(): Promise<RecordBatch | undefined> {
    await this.ready()
    for (;;) {
      this.#releaseTaken()
      const waiting = this.#shift()
      if (waiting !== undefined) {
        this.#taken = waiting
        const batch = await this.#open(waiting)
        if (batch !== undefined) return batch
      } else if (this.#error !== undefined) {
        const error = this.#error
        await this.close()
        throw error
      } else if (this.#isOver) {
        await this.close()
        return undefined
      } else {
        this.#arrival = deferred()
        await this.#arrival.promise
      }
    }
  }

  /** Ends the sessions; an iterator that waits is done. Always returns. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #isOver(): boolean {
    if (this.#closing !== undefined) return true
    for (const feed of this.#feeds.values()) if (!feed.isFinished) return false
    return true
  }

  async #close(): Promise<void> {
    this.#life.abort(codedError('EG_CLOSED', `the reader of topic ${this.topic} is closed`))
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#silenceTimer?.cancel()
    this.#queue = []
    this.#head = 0
    this.#wake()
    for (const feed of this.#feeds.values()) await feed.close()
    this.#onClose()
  }

  async #begin(): Promise<void> {
    if (this.#signal?.aborted) throw abortReason(this.#signal)
    const { routes, caller } = this.#parts
    const life = this.#life.signal
    const work = routes.get(this.topic, life).then(async (route) => {
      const plans = await planRanges(this.#settings, route, { topic: this.topic, routes, caller, life })
      if (!life.aborted) this.#start(route, plans)
    })
    await orAbort(work, this.#signal).catch((error: unknown) => {
      if (!life.aborted) throw error // a reader that was closed meanwhile is at its end
    })
  }

  #start(route: Route, plans: readonly RangePlan[]): void {
    const { pool } = this.#parts
    this.#topicId = route.id
    const windowBytes = Math.min(
      Math.max(1, Math.floor(this.#settings.bufferBytes / plans.length)),
      pool.limits.consumeWindowBytesMax,
    )
    const source = { topic: this.topic, topicId: route.id }
    for (const plan of plans) {
      const { range, from: next, end, countsSkipped } = plan
      const cursor = new RangeCursor({ ...source, range, next, countsSkipped, end })
      this.#feeds.set(range, new RangeFeed(range, cursor, this.#feedHost(route, plan, windowBytes)))
    }
    for (const feed of this.#feeds.values()) feed.start()
    this.#armSilence(pool.limits.idleIntervalMs)
  }

  #feedHost(route: Route, plan: RangePlan, windowBytes: number): FeedHost {
    const source = { topic: this.topic, topicId: route.id, range: plan.range }
    return {
      topic: this.topic,
      topicId: route.id,
      components: this.#parts.components,
      routes: this.#parts.routes,
      life: this.#life.signal,
      windowBytes,
      untilCaughtUp: this.#settings.until.kind === 'caughtUp',
      unreachableMs: this.#settings.unreachableMs,
      arrived: (feed, batch) => {
        this.#queue.push({ feed, plan, source, batch })
        this.#wake()
      },
      finished: (_feed, error) => {
        if (error !== undefined) this.#fail(error)
        this.#wake()
      },
    }
  }

  /** What arrived before the error is read before it. */
  #fail(error: Error): void {
    this.#error ??= error
    this.#wake()
  }

  #wake(): void {
    this.#arrival?.resolve()
    this.#arrival = undefined
  }

  #shift(): Waiting | undefined {
    const waiting = this.#queue[this.#head]
    if (waiting === undefined) return undefined
    this.#head++
    // The front that was read is cut off once it is the larger half: each item moves at most once.
    if (this.#head * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
    return waiting
  }

  #releaseTaken(): void {
    const taken = this.#taken
    this.#taken = undefined
    if (taken !== undefined && this.#closing === undefined) taken.feed.taken(taken.batch)
  }

  /** @returns undefined when none of its records is wanted. @throws EG_DAMAGED */
  async #open({ feed, plan, source, batch }: Waiting): Promise<RecordBatch | undefined> {
    let reader: BatchReader
    try {
      reader = await BatchReader.inflate(batch.bytes, this.#parts.components.codecs)
    } catch (error) {
      await this.close()
      throw isEastGuardError(error, 'EG_BATCH_MALFORMED')
        ? codedError(
            'EG_DAMAGED',
            `topic ${this.topic}, range ${feed.range}, offset ${batch.from}, segment ${batch.segment}: ${error.message}`,
            { topic: this.topic, range: feed.range, offset: batch.from, segment: batch.segment },
            error,
          )
        : asEastGuardError(error)
    }
    const base = reader.header.baseOffset
    let { from, to } = batch
    if (plan.fromTime !== undefined && from === plan.from) {
      from = Math.min(base + (firstAtOrAfter(reader, plan.fromTime, from - base) ?? from - base), to)
    }
    if (plan.untilTime !== undefined && to === plan.end) {
      to = base + (firstAtOrAfter(reader, plan.untilTime, from - base) ?? reader.recordCount)
    }
    return from < to ? new RecordBatch(source, reader, from, to) : undefined
  }

  #armSilence(idleIntervalMs: number): void {
    this.#silenceTimer = this.#parts.components.clock.setTimer(idleIntervalMs, () => {
      this.#armSilence(idleIntervalMs)
      for (const feed of this.#feeds.values()) feed.checkSilence()
    })
  }
}

/** Index of the first record from index `from` on whose timestamp is `time` or later. */
function firstAtOrAfter(reader: BatchReader, time: number, from: number): number | undefined {
  for (let i = from; i < reader.recordCount; i++) if (reader.timestamp(i) >= time) return i
  return undefined
}
