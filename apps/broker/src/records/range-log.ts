import { BoundedQueue, type Deferred, deferred, EastGuardError } from '@eastguard/kernel'
import type { AppendResult, Offset, SegmentId, SegmentStore } from '@eastguard/segment-store'

// The writing end of one active range on the broker that leads it. It hands batches to the active segment in the order
// in which they came. While the segment rolls it holds them, and gives them to the successor in the same order: a
// producer notices a pause, not an error (seal protocol, "carry").
//
//   open ──beginRoll──► rolling ──open──► open …        any state ──close──► closed
//   waiting ──open──► open                              (waiting: after a start, until the old segment has rolled)

export interface RangeLogLimits {
  /** Batches that may wait for a successor. */
  readonly waitingBatchesMax: number
  /** Their bytes. */
  readonly waitingBytesMax: number
}

type State =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'open'; readonly segment: SegmentId }
  | { readonly kind: 'rolling' }
  | { readonly kind: 'closed'; readonly error: EastGuardError }

interface Waiting {
  readonly batch: Uint8Array
  readonly outcome: Deferred<AppendResult>
}

/** The part of the store that a range writes through. */
export type SegmentAppends = Pick<SegmentStore, 'append' | 'commit'>

export class RangeLog {
  readonly #store: SegmentAppends
  readonly #limits: RangeLogLimits
  readonly #waiting: BoundedQueue<Waiting>
  readonly #listeners = new Set<() => void>()
  #waitingBytes = 0
  #state: State = { kind: 'waiting' }
  #committedEnd: Offset

  constructor(store: SegmentAppends, committedEnd: Offset, limits: RangeLogLimits) {
    this.#store = store
    this.#committedEnd = committedEnd
    this.#limits = limits
    this.#waiting = new BoundedQueue(limits.waitingBatchesMax)
  }

  /** Everything below is durable on every replica, and readable. */
  get committedEnd(): Offset {
    return this.#committedEnd
  }

  get isOpen(): boolean {
    return this.#state.kind === 'open'
  }

  /**
   * Appends behind everything that was appended before.
   * Resolves when the batch is durable and committed.
   * @param batch unstamped, checked; retained
   * @throws EG_OVERLOADED (retry) when too much waits for a roll; the store's errors; the reason of `close`
   */
  append(batch: Uint8Array): Promise<AppendResult> {
    switch (this.#state.kind) {
      case 'closed':
        return Promise.reject(this.#state.error)
      case 'open':
        return this.#give(this.#state.segment, batch)
      case 'waiting':
      case 'rolling':
        return this.#hold(batch)
    }
  }

  /** From now on batches wait. Call it before the segment is fenced, in the same turn, so that the fence refuses nobody. */
  beginRoll(): void {
    if (this.#state.kind === 'open') this.#state = { kind: 'rolling' }
  }

  /** The segment that takes appends now; what waited goes first. */
  open(segment: SegmentId): void {
    if (this.#state.kind === 'closed') return
    this.#state = { kind: 'open', segment }
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { batch, outcome } = next
      this.#waitingBytes -= batch.length
      this.#give(segment, batch).then(outcome.resolve, outcome.reject)
    }
  }

  /** A roll committed at this end. */
  committedTo(end: Offset): void {
    if (end <= this.#committedEnd) return
    this.#committedEnd = end
    this.#notify()
  }

  /** The topic is gone, or the broker stops: everything that waits, and everything later, is refused with `error`. */
  close(error: EastGuardError): void {
    if (this.#state.kind === 'closed') return
    this.#state = { kind: 'closed', error }
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) next.outcome.reject(error)
    this.#waitingBytes = 0
    this.#notify()
  }

  /** Calls back after each advance of `committedEnd`, and at the close. */
  onCommit(listener: () => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  async #give(segment: SegmentId, batch: Uint8Array): Promise<AppendResult> {
    const result = await this.#store.append(segment, batch)
    // P1: with one replica, durable here is durable everywhere. P3: readable only from here on.
    this.#store.commit(segment, result.endOffset)
    this.committedTo(result.endOffset)
    return result
  }

  #hold(batch: Uint8Array): Promise<AppendResult> {
    const outcome = deferred<AppendResult>()
    const fits = this.#waitingBytes + batch.length <= this.#limits.waitingBytesMax
    if (!fits || !this.#waiting.push({ batch, outcome })) {
      return Promise.reject(
        new EastGuardError({
          code: 'EG_OVERLOADED',
          remedy: 'retry',
          message: `${this.#waiting.count} batches (${this.#waitingBytes} bytes) wait for the next segment of this range already`,
        }),
      )
    }
    this.#waitingBytes += batch.length
    return outcome.promise
  }

  #notify(): void {
    for (const listener of this.#listeners) listener()
  }
}
