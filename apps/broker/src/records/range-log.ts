import {
  BoundedQueue,
  type Deferred,
  deferred,
  EastGuardError,
  invariant,
  isEastGuardError,
  unreachable,
} from '@eastguard/kernel'
import type { BatchHeader } from '@eastguard/record'
import type { AppendResult, Offset, SegmentId, SegmentStore } from '@eastguard/segment-store'
import type { BugAlarm } from '../bug-alarm.ts'
import type { ByteBudget } from './byte-budget.ts'

// The writing end of one active range on the broker that leads it. It hands batches to the active segment in the order
// in which they came. While the segment rolls it holds them, and gives them to the successor in the same order: a
// producer notices a pause, not an error (seal protocol, "carry").
//
//   waiting ──open──► open ──beginRoll──► rolling ──open──► open …      waiting: after a start, until the old one rolled
//      └───────────────────── refuse ───────┴──► refusing ──open──► open    refusing: its end is not known
//   any state ──close──► closed

type State =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'open'; readonly segment: SegmentId }
  | { readonly kind: 'rolling' }
  | { readonly kind: 'refusing'; readonly error: EastGuardError }
  | { readonly kind: 'closed'; readonly error: EastGuardError }

interface Held {
  readonly batch: Uint8Array
  readonly header: BatchHeader
  readonly outcome: Deferred<AppendResult>
}

/** The part of the store that a range writes through. */
export type SegmentAppends = Pick<SegmentStore, 'append' | 'commit'>

const heldBatchesMax = 65_536

export class RangeLog {
  readonly #store: SegmentAppends
  readonly #budget: ByteBudget
  readonly #bugs: BugAlarm
  /** What the fenced segment gave back, oldest first: it goes before everything that came later. */
  readonly #returned: Held[] = []
  readonly #held = new BoundedQueue<Held>(heldBatchesMax)
  readonly #listeners = new Set<() => void>()
  #state: State = { kind: 'waiting' }
  #committedEnd: Offset

  /** @param budget for the batches that wait for a roll, shared by all ranges (P18) */
  constructor(store: SegmentAppends, committedEnd: Offset, budget: ByteBudget, bugs: BugAlarm) {
    this.#store = store
    this.#bugs = bugs
    this.#committedEnd = committedEnd
    this.#budget = budget
  }

  /** Everything below is durable on every replica, and readable. */
  get committedEnd(): Offset {
    return this.#committedEnd
  }

  get isOpen(): boolean {
    return this.#state.kind === 'open'
  }

  /** Why appends are refused, if they are. */
  get refusal(): EastGuardError | undefined {
    return this.#state.kind === 'refusing' || this.#state.kind === 'closed' ? this.#state.error : undefined
  }

  /**
   * Appends behind everything that was appended before. Resolves when the batch is durable and committed.
   *
   * A refusal that is known at the call is thrown by the call itself: who appends in order stops in order.
   * @param batch unstamped; retained
   * @param header of the batch, as `checkBatch` gave it
   * @throws EG_OVERLOADED (retry) when too much waits for a roll; the store's errors; the reason of `refuse` or `close`
   */
  append(batch: Uint8Array, header: BatchHeader): Promise<AppendResult> {
    const state = this.#state
    switch (state.kind) {
      case 'refusing':
      case 'closed':
        throw state.error
      case 'waiting':
      case 'rolling':
        return this.#hold(batch, header)
      case 'open': {
        const outcome = deferred<AppendResult>()
        this.#give(state.segment, { batch, header, outcome })
        return outcome.promise
      }
      default:
        return unreachable(state)
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
      try {
        this.#give(segment, next)
      } catch (error) {
        // What the store refuses now it would perhaps take a moment later: nothing may overtake the refused batch.
        next.outcome.reject(error)
        this.#refuseHeld(error)
      }
    }
  }

  /** Nobody knows where the range ends: batches are refused, with this error, until a segment opens. */
  refuse(error: EastGuardError): void {
    if (this.#state.kind === 'closed') return
    this.#state = { kind: 'refusing', error }
    this.#refuseHeld(error)
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
    this.#refuseHeld(error)
    this.wakeReaders()
  }

  /** Calls back after each advance of `committedEnd`, and at the close. */
  onCommit(listener: () => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  /** @throws what the store refuses at the call */
  #give(segment: SegmentId, held: Held): void {
    this.#store
      .append(segment, held.batch, held.header)
      .then((result) => {
        // P1: with one replica, durable here is durable everywhere. P3: readable only from here on.
        this.#store.commit(segment, result.endOffset)
        this.committedTo(result.endOffset)
        held.outcome.resolve(result)
      })
      .catch((error: unknown) => this.#givenBack(held, error))
  }

  /** The store did not take what it had been given: the fence came first, or the disk is full. */
  #givenBack(held: Held, error: unknown): void {
    const carried = this.#state.kind === 'rolling' && isEastGuardError(error, 'EG_SEGMENT_SEALED')
    if (carried && this.#budget.take(held.batch.length)) {
      this.#returned.push(held)
      return
    }
    if (!isEastGuardError(error)) this.#bugs.notice(error, 'an append')
    held.outcome.reject(error)
    // Whatever waits here came later: it must not be stored where this one was not.
    this.#refuseHeld(error)
  }

  #hold(batch: Uint8Array, header: BatchHeader): Promise<AppendResult> {
    const outcome = deferred<AppendResult>()
    if (this.#held.count === heldBatchesMax || !this.#budget.take(batch.length)) {
      throw new EastGuardError({
        code: 'EG_OVERLOADED',
        remedy: 'retry',
        message: `${this.#budget.takenBytes} bytes wait for the next segments of their ranges already`,
        facts: { heldBatches: this.#held.count, waitingBytes: this.#budget.takenBytes },
      })
    }
    invariant(this.#held.push({ batch, header, outcome }), 'a queue with room takes one more')
    return outcome.promise
  }

  #leave(): Held | undefined {
    const next = this.#returned.shift() ?? this.#held.shift()
    if (next !== undefined) this.#budget.giveBack(next.batch.length)
    return next
  }

  #refuseHeld(error: unknown): void {
    for (let next = this.#leave(); next !== undefined; next = this.#leave()) next.outcome.reject(error)
  }
}
