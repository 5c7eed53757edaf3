import { type AbortSignal, abortReason, type EastGuardError, withTimeout } from '@eastguard/kernel'
import { codedError } from '@eastguard/protocol'
import { asEastGuardError } from '../errors.ts'
import { orAbort } from '../link/or-abort.ts'
import { AbortableDelivery, fail, ManyDelivery, type Resolve, rejection } from './delivery.ts'
import type { Entry } from './outgoing-batch.ts'
import type { ProducePipeline } from './pipeline.ts'
import { type ProducerRecord, recordOf, reservedBytes } from './producer-record.ts'
import type { ResolvedProducerSettings } from './producer-settings.ts'
import { waitingCountMax } from './producer-settings.ts'
import type { Receipt, Receipts } from './receipt.ts'
import { TextSlab } from './text-slab.ts'

export interface SendOptions {
  readonly signal?: AbortSignal | undefined
}

/**
 * Sends records to one topic. A record is durable when its promise resolves.
 *
 * Every promise settles by the producer's deadline, once. When it rejects, the code says what became of the record:
 * EG_OUTCOME_UNKNOWN, it may have been written, now or later, and is not sent again by the client (P15); any other code,
 * it was not written and never will be. Records with the same key are written in the order in which they were sent (P2);
 * those behind a record that failed go on all the same.
 */
export class Producer implements AsyncDisposable {
  readonly topic: string
  readonly #pipeline: ProducePipeline
  readonly #settings: ResolvedProducerSettings
  readonly #onClose: () => void
  readonly #texts = new TextSlab()
  #resolve: Resolve = () => {}
  #closing: Promise<void> | undefined

  constructor(pipeline: ProducePipeline, settings: ResolvedProducerSettings, onClose: () => void) {
    this.topic = pipeline.topic
    this.#pipeline = pipeline
    this.#settings = settings
    this.#onClose = onClose
  }

  /** Bytes of the buffer in use: records that have no outcome yet. */
  get bufferedBytes(): number {
    return this.#pipeline.bufferedBytes
  }

  /**
   * Waits while the buffer is full. Order is that of the calls, whether they are awaited or not.
   * @param record its bytes are borrowed while the call waits for room, and copied then
   * @throws EG_TIMEOUT, EG_UNREACHABLE, EG_OVERLOADED (too many calls wait), EG_RECORD_TOO_LARGE, EG_TOPIC_NOT_FOUND,
   * EG_DISK_FULL, EG_CLOSED, the signal's reason: not written, never will be; EG_OUTCOME_UNKNOWN: may be
   */
  send(record: ProducerRecord, options: SendOptions = {}): Promise<Receipt> {
    const { signal } = options
    if (signal?.aborted) return Promise.reject(abortReason(signal))
    const promise = new Promise(this.#executor)
    const resolve = this.#resolve
    const abortable = signal === undefined ? undefined : new AbortableDelivery(resolve)
    try {
      const entry = this.#entry(record, abortable ?? resolve)
      if (this.#pipeline.hasWaiting || !this.#pipeline.tryEnter(entry)) this.#wait(entry)
    } catch (error) {
      resolve(rejection(asEastGuardError(error)))
    }
    return signal === undefined || abortable === undefined ? promise : listening(promise, abortable, signal)
  }

  /** Like `send`, but never waits: undefined when the buffer is full, and nothing was taken. */
  trySend(record: ProducerRecord): Promise<Receipt> | undefined {
    const promise = new Promise(this.#executor)
    const resolve = this.#resolve
    try {
      const entry = this.#entry(record, resolve)
      if (!this.#pipeline.hasWaiting && this.#pipeline.tryEnter(entry)) return promise
      this.#pipeline.leaveEpoch(entry.epoch, 1)
      return undefined
    } catch (error) {
      resolve(rejection(asEastGuardError(error)))
      return promise
    }
  }

  /**
   * Many records with one promise: the fast way. Takes what fits, waits for room for the rest; the deadline counts from
   * the call for all of them. The array and its records stay untouched until the promise settles.
   * @throws when any of the records failed, EG_OUTCOME_UNKNOWN if that is true for any, with facts `storedCount`,
   * `unknownCount`, `failedCount`; for a record that is wrong in itself with fact `index`, and then nothing is sent
   */
  async sendMany(records: readonly ProducerRecord[]): Promise<Receipts> {
    const { clock } = this.#pipeline.components
    this.#throwIfClosed()
    const now = clock.wallTime()
    const checked = records.map((record, index) => this.#checked(record, now, index))
    const delivery = new ManyDelivery(records.length)
    const deadline = clock.now() + this.#settings.deadlineMs
    const epoch = this.#pipeline.enterEpoch(records.length)
    let next = 0
    const admit = (): boolean => {
      for (; next < checked.length; next++) {
        const record = checked[next]
        if (record === undefined) break
        const entry = { record, delivery, tag: next, bytes: reservedBytes(record), deadline, epoch }
        if (!this.#pipeline.tryEnter(entry)) return false
      }
      return true
    }
    const expire = (): void => {
      const error = this.#notSent()
      for (let tag = next; tag < checked.length; tag++) delivery.failed(error, 'never')
      this.#pipeline.leaveEpoch(epoch, checked.length - next)
    }
    if (this.#pipeline.hasWaiting || !admit()) {
      if (!this.#pipeline.wait({ deadline, admit, expire })) expire()
    }
    return delivery.done
  }

  /** Sends at once what lingers; resolves when every record sent before has its outcome, good or bad. */
  flush(): Promise<void> {
    return this.#pipeline.flush()
  }

  /**
   * Takes no more records, flushes for up to `timeoutMs` (default: the producer's deadline), and rejects the rest:
   * EG_CLOSED what was never sent, EG_OUTCOME_UNKNOWN what was. Always returns. Idempotent.
   */
  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.timeoutMs ?? this.#settings.deadlineMs)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(timeoutMs: number): Promise<void> {
    const { clock } = this.#pipeline.components
    const limit = withTimeout(clock, timeoutMs, 'closing a producer')
    try {
      await orAbort(this.#pipeline.flush(), limit.signal)
    } catch {
      // Out of time: `abandon` tells everybody who still waits.
    } finally {
      limit[Symbol.dispose]()
    }
    await this.#pipeline.abandon(closed(this.topic))
    this.#onClose()
  }

  /** Leaves the function that resolves the promise in `#resolve`: no closure per record. */
  readonly #executor = (resolve: Resolve): void => {
    this.#resolve = resolve
  }

  #entry(input: ProducerRecord, delivery: Entry['delivery']): Entry {
    this.#throwIfClosed()
    const { clock } = this.#pipeline.components
    const record = recordOf(input, clock.wallTime(), this.#texts)
    return {
      record,
      delivery,
      tag: 0,
      bytes: reservedBytes(record),
      deadline: clock.now() + this.#settings.deadlineMs,
      epoch: this.#pipeline.enterEpoch(1),
    }
  }

  #wait(entry: Entry): void {
    const waits = this.#pipeline.wait({
      deadline: entry.deadline,
      admit: () => this.#pipeline.tryEnter(entry),
      expire: () => this.#giveUp(entry, this.#notSent()),
    })
    if (!waits) {
      const message = `${waitingCountMax} calls wait for room in the producer of ${this.topic}: await some`
      this.#giveUp(entry, codedError('EG_OVERLOADED', message, { limit: waitingCountMax }))
    }
  }

  #giveUp(entry: Entry, error: EastGuardError): void {
    fail(entry.delivery, error, 'never', entry.tag)
    this.#pipeline.leaveEpoch(entry.epoch, 1)
  }

  /** A call that waited for room did so in vain. */
  #notSent(): EastGuardError {
    if (this.#pipeline.life.aborted) return closed(this.topic)
    const { deadlineMs } = this.#settings
    const message = `no room in the buffer of the producer of ${this.topic} for ${deadlineMs} ms: not sent, and never will be`
    return codedError('EG_TIMEOUT', message, { topic: this.topic, deadlineMs })
  }

  #checked(input: ProducerRecord, now: number, index: number): Entry['record'] {
    const record = recordOf(input, now, this.#texts)
    const { batchBytesMax } = this.#settings
    const bytes = reservedBytes(record)
    // The exact limit is the batch's; what may meet it is far above everything else.
    if (bytes > batchBytesMax) {
      const message = `record ${index} of the call is ${bytes} bytes with its overhead; a batch may have ${batchBytesMax}`
      throw codedError('EG_RECORD_TOO_LARGE', message, { index, bytes, limit: batchBytesMax })
    }
    return record
  }

  #throwIfClosed(): void {
    if (this.#closing !== undefined) throw closed(this.topic)
  }
}

function closed(topic: string): EastGuardError {
  return codedError('EG_CLOSED', `the producer of topic ${topic} is closed`, { topic })
}

async function listening(
  promise: Promise<Receipt>,
  delivery: AbortableDelivery,
  signal: AbortSignal,
): Promise<Receipt> {
  const onAbort = (): void => delivery.abort(abortReason(signal))
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
