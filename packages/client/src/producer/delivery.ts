import { type Deferred, deferred, type EastGuardError } from '@eastguard/kernel'
import { codedError } from '@eastguard/protocol'
import { asEastGuardError, outcomeUnknown, retold } from '../errors.ts'
import type { Written } from './range-sender.ts'
import type { BatchReceipt, Receipt, Receipts } from './receipt.ts'

/**
 * Resolves the promise of one record. Its counterpart is not kept: what a promise carries from batch to outcome is what
 * producing many of them costs, so a promise is rejected by resolving it with a `rejection`.
 */
export type Resolve = (outcome: Receipt | PromiseLike<Receipt>) => void

/** To be given to a `Resolve` at once: the promise that takes it as its outcome rejects, and so it never floats. */
export function rejection(error: Error): Promise<Receipt> {
  return Promise.reject(error)
}

/** Who waits for the outcome of a record. Each record has exactly one outcome. */
export type Delivery = Resolve | ManagedDelivery

export interface ManagedDelivery {
  /** It goes into a batch now. @returns false when nobody wants that any more: it is left out */
  take(): boolean
  /**
   * @param batch shared by all records of the batch
   * @param index of the record in the batch
   * @param tag given with the record
   */
  stored(batch: BatchReceipt, index: number, tag: number): void
  failed(error: EastGuardError, written: Written, tag: number): void
}

export function take(delivery: Delivery): boolean {
  return typeof delivery === 'function' || delivery.take()
}

export function succeed(delivery: Delivery, batch: BatchReceipt, index: number, tag: number): void {
  if (typeof delivery === 'function') delivery(receiptAt(batch, index))
  else delivery.stored(batch, index, tag)
}

export function fail(delivery: Delivery, error: EastGuardError, written: Written, tag: number): void {
  if (typeof delivery === 'function') delivery(rejection(error))
  else delivery.failed(error, written, tag)
}

function receiptAt(batch: BatchReceipt, index: number): Receipt {
  const { topic, range, offset, time, replicas } = batch
  return { topic, range, offset: offset + index, time, replicas }
}

/**
 * One record whose caller may give up. Before it is in a batch that means that it is never written; afterwards nobody
 * can say, and the error says that.
 */
export class AbortableDelivery implements ManagedDelivery {
  readonly #resolve: Resolve
  #state: 'waiting' | 'taken' | 'cancelled' = 'waiting'

  constructor(resolve: Resolve) {
    this.#resolve = resolve
  }

  take(): boolean {
    if (this.#state === 'cancelled') return false
    this.#state = 'taken'
    return true
  }

  stored(batch: BatchReceipt, index: number): void {
    this.#resolve(receiptAt(batch, index))
  }

  failed(error: Error): void {
    this.#resolve(rejection(error))
  }

  /** A promise settles once: what comes later changes nothing. */
  abort(reason: Error): void {
    if (this.#state === 'waiting') {
      this.#state = 'cancelled'
      this.failed(reason)
    } else {
      this.failed(outcomeUnknown('the caller gave up on a record under way', asEastGuardError(reason), {}))
    }
  }
}

/** Many records, one promise: tags are their indexes in the call. */
export class ManyDelivery implements ManagedDelivery {
  readonly #done: Deferred<Receipts> = deferred()
  readonly #batches: BatchReceipt[] = []
  /** Of each record: place of its batch in `#batches`, and index in that batch. */
  readonly #places: Uint32Array
  readonly #indexes: Uint32Array
  #open: number
  #unknownCount = 0
  #failedCount = 0
  #error: EastGuardError | undefined

  constructor(count: number) {
    this.#open = count
    this.#places = new Uint32Array(count)
    this.#indexes = new Uint32Array(count)
    if (count === 0) this.#settle()
  }

  take(): boolean {
    return true
  }

  get done(): Promise<Receipts> {
    return this.#done.promise
  }

  stored(batch: BatchReceipt, index: number, tag: number): void {
    // Batches are settled one after the other: the last one is nearly always this one.
    let place = this.#batches.length - 1
    if (this.#batches[place] !== batch) place = this.#batches.push(batch) - 1
    this.#places[tag] = place
    this.#indexes[tag] = index
    if (--this.#open === 0) this.#settle()
  }

  failed(error: EastGuardError, written: Written): void {
    if (written === 'unknown') {
      if (this.#unknownCount++ === 0) this.#error = error // the graver news wins
    } else {
      this.#failedCount++
      this.#error ??= error
    }
    if (--this.#open === 0) this.#settle()
  }

  #settle(): void {
    const count = this.#places.length
    const error = this.#error
    if (error === undefined) {
      this.#done.resolve({ count, batches: this.#batches, at: (index) => this.#at(index) })
      return
    }
    const storedCount = count - this.#unknownCount - this.#failedCount
    const message = `of ${count} records ${storedCount} are stored, ${this.#unknownCount} unknown, ${this.#failedCount} not: ${error.message}`
    const facts = { ...error.facts, storedCount, unknownCount: this.#unknownCount, failedCount: this.#failedCount }
    this.#done.reject(retold(error, message, facts))
  }

  #at(index: number): Receipt {
    const batch = this.#batches[this.#places[index] ?? -1]
    const inBatch = this.#indexes[index]
    if (batch === undefined || inBatch === undefined) {
      const message = `receipt ${index} of ${this.#places.length}`
      throw codedError('EG_INVALID_ARGUMENT', message, { index, count: this.#places.length })
    }
    return receiptAt(batch, inBatch)
  }
}
