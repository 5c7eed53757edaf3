import { BoundedQueue, type Deferred, deferred, EastGuardError } from '@eastguard/kernel'
import type { BatchHeader } from '@eastguard/record'
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
  readonly header: BatchHeader
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
   * Appends behind everything that was appended before. Resolves when the batch is durable and committed.
   *
   * A refusal that is known at the call is thrown by the call itself: who appends in order stops in order.
   * @param batch unstamped; retained
   * @param header of the batch, as `checkBatch` gave it
   * @throws EG_OVERLOADED (retry) when too much waits for a roll; the store's errors; the reason of `close`
   */
  append(batch: Uint8Array, header: BatchHeader): Promise<AppendResult> {
    switch (this.#state.kind) {
      case 'closed':
        throw this.#state.error
      case 'open':
        return this.#give(this.#state.segment, batch, header)
      case 'waiting':
      case 'rolling':
        return this.#hold(batch, header)
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
    for (let next = this.#leave(); next !== undefined; next = this.#leave()) {
      const { batch, header, outcome } = next
      try {
        this.#give(segment, batch, header).then(outcome.resolve, outcome.reject)
      } catch (error) {
        // What the store refuses now it would perhaps take a moment later: nothing may overtake the refused batch.
        outcome.reject(error)
        this.#refuseWaiting(error)
      }
    }
  }

  /** A roll committed at this end. */
  committedTo(end: Offset): void {
    if (end <= this.#committedEnd) return
    this.#committedEnd = end
    this.wakeReaders()
  }

  /** What is readable may have changed. */
  wakeReaders(): void {
    for (const listener of this.#listeners) listener()
  }

  /** The topic is gone, or the broker stops: everything that waits, and everything later, is refused with `error`. */
  close(error: EastGuardError): void {
    if (this.#state.kind === 'closed') return
    this.#state = { kind: 'closed', error }
    this.#refuseWaiting(error)
    this.wakeReaders()
  }

  /** Calls back after each advance of `committedEnd`, and at the close. */
  onCommit(listener: () => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  #give(segment: SegmentId, batch: Uint8Array, header: BatchHeader): Promise<AppendResult> {
    return this.#store.append(segment, batch, header).then((result) => {
      // P1: with one replica, durable here is durable everywhere. P3: readable only from here on.
      this.#store.commit(segment, result.endOffset)
      this.committedTo(result.endOffset)
      return result
    })
  }

  #hold(batch: Uint8Array, header: BatchHeader): Promise<AppendResult> {
    const outcome = deferred<AppendResult>()
    const fits = this.#waitingBytes + batch.length <= this.#limits.waitingBytesMax
    if (!fits || !this.#waiting.push({ batch, header, outcome })) {
      throw new EastGuardError({
        code: 'EG_OVERLOADED',
        remedy: 'retry',
        message: `${this.#waiting.count} batches (${this.#waitingBytes} bytes) wait for the next segment of this range already`,
      })
    }
    this.#waitingBytes += batch.length
    return outcome.promise
  }

  #leave(): Waiting | undefined {
    const next = this.#waiting.shift()
    if (next !== undefined) this.#waitingBytes -= next.batch.length
    return next
  }

  #refuseWaiting(error: unknown): void {
    for (let next = this.#leave(); next !== undefined; next = this.#leave()) next.outcome.reject(error)
  }
}
