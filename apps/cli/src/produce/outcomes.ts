import { BoundedQueue, type Deferred, deferred, invariant, isEastGuardError } from '@eastguard/kernel'

// What becomes of the records of one `produce`, told in the order of their lines.
//
//   line   1  2  3  4  5  6  7  8  9
//          ✓  ✓  ✓  ?  ✓  ·  ·  ·  ·        ✓ acknowledged   ? unknown   · not sent
//          └──told──┘  ▲
//                      first line without receipt: behind it receipts carry their line's number

export interface ReceiptLike {
  readonly topic: string
  readonly range: number
  readonly offset: number
  readonly time: number
  readonly replicas: number
}

/** One record that was given to the producer. */
interface Entry {
  readonly line: number
  readonly bytes: number
  outcome: ReceiptLike | 'unknown' | 'notSent' | undefined
}

/** Where the outcomes go. */
export interface OutcomeSink {
  /** @param line only behind the first line that has no receipt */
  acknowledged(receipt: ReceiptLike, line: number | undefined): void
  /** Once, at the first record that failed, at the moment when that is known: later lines may be acknowledged yet. */
  failed(error: unknown): void
}

export interface OutcomeCounts {
  readonly acknowledged: number
  readonly unknown: number
  readonly notSent: number
  /** From 1; undefined when every line has a receipt. */
  readonly firstUnacknowledgedLine: number | undefined
}

/** Records under way at a time: bounds what `produce` keeps in memory, together with `pendingBytesMax`. */
export const pendingCountMax = 65_536
export const pendingBytesMax = 16 * 2 ** 20

export class Outcomes {
  readonly #sink: OutcomeSink
  readonly #pending = new BoundedQueue<Entry>(pendingCountMax)
  #pendingBytes = 0
  #acknowledged = 0
  #unknown = 0
  #notSent = 0
  #firstUnacknowledgedLine: number | undefined
  #failed = false
  #waiter: { readonly share: number; readonly reached: Deferred<void> } | undefined

  constructor(sink: OutcomeSink) {
    this.#sink = sink
  }

  /** Whether another record may be added: an empty queue takes one of any size. */
  get hasRoom(): boolean {
    return this.#pending.count === 0 || (this.#pending.count < pendingCountMax && this.#pendingBytes < pendingBytesMax)
  }

  /** Resolves when no more than this share of both bounds is under way; 0 is nothing. One call at a time. */
  async fallenTo(share: number): Promise<void> {
    if (this.#isBelow(share)) return
    const waiter = { share, reached: deferred<void>() }
    this.#waiter = waiter
    await waiter.reached.promise
  }

  /** @param sent settles with the outcome. @param bytes of the record */
  add(line: number, bytes: number, sent: Promise<ReceiptLike>): void {
    const entry: Entry = { line, bytes, outcome: undefined }
    this.#pending.push(entry)
    this.#pendingBytes += bytes
    sent.then(
      (receipt) => this.#settle(entry, receipt),
      (error: unknown) => {
        this.#settle(entry, outcomeOf(error))
        if (this.#failed) return
        this.#failed = true
        this.#sink.failed(error)
      },
    )
  }

  /** Lines that were never given to the producer, once nothing is under way. @param from the first of them */
  addNotSent(from: number, count: number): void {
    invariant(this.#pending.count === 0, 'lines are counted as not sent behind those that were')
    if (count === 0) return
    this.#notSent += count
    this.#firstUnacknowledgedLine ??= from
  }

  get counts(): OutcomeCounts {
    return {
      acknowledged: this.#acknowledged,
      unknown: this.#unknown,
      notSent: this.#notSent,
      firstUnacknowledgedLine: this.#firstUnacknowledgedLine,
    }
  }

  #isBelow(share: number): boolean {
    return this.#pending.count <= share * pendingCountMax && this.#pendingBytes <= share * pendingBytesMax
  }

  #settle(entry: Entry, outcome: Entry['outcome']): void {
    entry.outcome = outcome
    for (let head = this.#pending.peek(); head?.outcome !== undefined; head = this.#pending.peek()) {
      this.#pending.shift()
      this.#pendingBytes -= head.bytes
      this.#tell(head, head.outcome)
    }
    if (this.#waiter === undefined || !this.#isBelow(this.#waiter.share)) return
    this.#waiter.reached.resolve()
    this.#waiter = undefined
  }

  #tell(entry: Entry, outcome: ReceiptLike | 'unknown' | 'notSent'): void {
    if (outcome === 'unknown' || outcome === 'notSent') {
      if (outcome === 'unknown') this.#unknown++
      else this.#notSent++
      this.#firstUnacknowledgedLine ??= entry.line
      return
    }
    this.#acknowledged++
    this.#sink.acknowledged(outcome, this.#firstUnacknowledgedLine === undefined ? undefined : entry.line)
  }
}

/** P15: only an error that says so leaves it open whether the record was written. What we do not know is unknown. */
function outcomeOf(error: unknown): 'unknown' | 'notSent' {
  return isEastGuardError(error) && error.code !== 'EG_OUTCOME_UNKNOWN' ? 'notSent' : 'unknown'
}
