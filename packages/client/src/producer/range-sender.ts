import { type EastGuardError, invariant } from '@eastguard/kernel'
import { type AppendAck, codedError, SendWindow } from '@eastguard/protocol'

// What one range of a producer sends, in which order, and what it learns about it. Pure.
//
//    queue ─► [ b7 b6 b5 ]  waiting ──append──► [ b4 b3 ]  in flight ──ack──► stored
//                  ▲                                │
//                  └── refused, so not stored ──────┤
//                                                   └── connection lost, so nobody knows ──► unknown
//
// Order (P2): the waiting queue is the only source, a session sends it from its head, and what a broker refused goes
// back to the head in its order before the next session opens.

export interface Sendable {
  /** Of the encoded batch, once it is ready. */
  readonly byteCount: number
  /** False while a codec works on it: nothing behind it may pass. */
  readonly ready: boolean
  /** Time of the clock at which its records give up. */
  readonly deadline: number
}

/** `never`: not stored, never will be. `unknown`: may be stored, now or later. */
export type Written = 'never' | 'unknown'

export type SenderInput<Batch> =
  | { readonly kind: 'queued'; readonly batch: Batch }
  /** The batch at some place of the queue became ready. */
  | { readonly kind: 'ready' }
  /** A batch of the queue could not be made ready. */
  | { readonly kind: 'dropped'; readonly batch: Batch; readonly error: EastGuardError }
  | { readonly kind: 'opened'; readonly windowBytes: number; readonly windowBatches: number }
  | { readonly kind: 'acked'; readonly ack: AppendAck }
  /** The session ended, or did not open, by the broker's word; `acceptedBelow` when it said what it took. */
  | { readonly kind: 'refused'; readonly error: EastGuardError; readonly acceptedBelow: number | undefined }
  /** The connection is gone. */
  | { readonly kind: 'lost'; readonly error: EastGuardError }
  | { readonly kind: 'expired'; readonly now: number }
  /** The producer closes, or its topic is gone: nothing is sent any more. */
  | { readonly kind: 'abandoned'; readonly error: EastGuardError }

export type SenderEffect<Batch> =
  /** Get a session; the answer is `opened`, `refused` or `lost`. */
  | { readonly kind: 'open'; readonly after: EastGuardError | undefined }
  | { readonly kind: 'append'; readonly sequence: number; readonly batch: Batch }
  | { readonly kind: 'stored'; readonly batch: Batch; readonly baseOffset: number; readonly appendTime: number }
  | { readonly kind: 'failed'; readonly batch: Batch; readonly written: Written; readonly error: EastGuardError }
  /** The broker broke the protocol: end the connection; `lost` follows from the caller. */
  | { readonly kind: 'violation'; readonly error: EastGuardError }

interface InFlight<Batch> {
  readonly batch: Batch
  /** Its records were told "unknown" when their deadline passed: it is never sent again. */
  expired: boolean
}

type Effects<Batch> = SenderEffect<Batch>[]

export class RangeSender<Batch extends Sendable> {
  #state: 'idle' | 'opening' | 'open' = 'idle'
  #waiting: Batch[] = []
  /** Of the present session; marks are frame sequences. */
  #window: SendWindow<InFlight<Batch>> = closedWindow()

  /** Batches of which the caller has not heard yet. */
  get unsettledCount(): number {
    return this.#waiting.length + this.#window.itemsUnderWay
  }

  get waitingCount(): number {
    return this.#waiting.length
  }

  get inFlightCount(): number {
    return this.#window.itemsUnderWay
  }

  /** The earliest deadline of a batch that is not settled. */
  get nextDeadline(): number {
    let next = Number.POSITIVE_INFINITY
    for (const batch of this.#waiting) next = Math.min(next, batch.deadline)
    for (const { batch, expired } of this.#window.remaining()) if (!expired) next = Math.min(next, batch.deadline)
    return next
  }

  step(input: SenderInput<Batch>): readonly SenderEffect<Batch>[] {
    const effects: Effects<Batch> = []
    switch (input.kind) {
      case 'queued':
        this.#waiting.push(input.batch)
        this.#proceed(effects, undefined)
        break
      case 'ready':
        this.#proceed(effects, undefined)
        break
      case 'dropped':
        this.#dropped(input.batch, input.error, effects)
        break
      case 'opened':
        this.#opened(input.windowBytes, input.windowBatches, effects)
        break
      case 'acked':
        this.#acked(input.ack, effects)
        break
      case 'refused':
        this.#refused(input.error, input.acceptedBelow, effects)
        break
      case 'lost':
        this.#failUnknown(this.#window.remaining(), input.error, effects)
        this.#endSession()
        this.#proceed(effects, input.error)
        break
      case 'expired':
        this.#expired(input.now, effects)
        break
      case 'abandoned':
        this.#failUnknown(this.#window.remaining(), input.error, effects)
        this.#failWaiting(input.error, effects)
        this.#endSession()
        break
    }
    return effects
  }

  /** Takes out, in order, all that was never sent, or was refused: for another range. Nothing may be in flight. */
  takeWaiting(): readonly Batch[] {
    invariant(this.inFlightCount === 0, 'a range gives its batches away only with nothing in flight')
    const waiting = this.#waiting
    this.#waiting = []
    this.#endSession()
    return waiting
  }

  #proceed(effects: Effects<Batch>, after: EastGuardError | undefined): void {
    if (this.#state === 'open') this.#send(effects)
    if (this.#state !== 'idle' || this.#waiting.length === 0) return
    this.#state = 'opening'
    effects.push({ kind: 'open', after })
  }

  #dropped(batch: Batch, error: EastGuardError, effects: Effects<Batch>): void {
    const before = this.#waiting.length
    this.#waiting = this.#waiting.filter((other) => other !== batch)
    // Not there any more: it was settled meanwhile.
    if (this.#waiting.length < before) effects.push({ kind: 'failed', batch, written: 'never', error })
    this.#proceed(effects, undefined)
  }

  #opened(windowBytes: number, windowBatches: number, effects: Effects<Batch>): void {
    if (this.#state !== 'opening') {
      effects.push({ kind: 'violation', error: codedError('EG_UNEXPECTED_FRAME', 'a produce session opened twice') })
      return
    }
    this.#state = 'open'
    this.#window = new SendWindow({ bytes: windowBytes, items: windowBatches })
    this.#send(effects)
  }

  #send(effects: Effects<Batch>): void {
    let count = 0
    for (const batch of this.#waiting) {
      // H49: the window itself allows one batch when nothing is under way.
      if (!batch.ready || !this.#window.hasRoom(batch.byteCount)) break
      const sequence = this.#window.below + this.#window.itemsUnderWay
      this.#window.sent(sequence + 1, batch.byteCount, { batch, expired: false })
      effects.push({ kind: 'append', sequence, batch })
      count++
    }
    if (count > 0) this.#waiting.splice(0, count)
  }

  #acked(ack: AppendAck, effects: Effects<Batch>): void {
    const { below, receipts } = ack
    const known = this.#window.below
    // H42: an acknowledgement is checked against what is in flight before anything is believed.
    if (this.#state !== 'open' || below !== known + receipts.length || receipts.length > this.inFlightCount) {
      const message = `the broker acknowledged ${receipts.length} batches below ${below}; ${this.inFlightCount} from ${known} on are in flight`
      const facts = { below, receipts: receipts.length, from: known, inFlight: this.inFlightCount }
      effects.push({ kind: 'violation', error: codedError('EG_UNEXPECTED_FRAME', message, facts) })
      return
    }
    const acked = this.#window.acknowledge(below, { bytes: ack.windowBytes, items: ack.windowBatches })
    for (const [i, { batch, expired }] of acked.entries()) {
      const receipt = receipts[i]
      if (!expired && receipt !== undefined) effects.push({ kind: 'stored', batch, ...receipt })
    }
    this.#send(effects)
  }

  #refused(error: EastGuardError, acceptedBelow: number | undefined, effects: Effects<Batch>): void {
    const inFlight = this.#window.remaining()
    // Taken, but no offset came back: for the caller that is unknown. Without the broker's word all of it is.
    const takenCount = acceptedBelow === undefined ? inFlight.length : Math.max(0, acceptedBelow - this.#window.below)
    this.#failUnknown(inFlight.slice(0, takenCount), error, effects)
    const refused = inFlight.slice(takenCount)
    this.#endSession()
    this.#waiting = [...refused.filter(({ expired }) => !expired).map(({ batch }) => batch), ...this.#waiting]
    if (error.remedy === 'give-up') this.#failWaiting(error, effects)
    else if (error.remedy === 'fix-call') this.#failRefused(refused[0], error, effects)
    this.#proceed(effects, error)
  }

  /** The batch that the broker refused is at fault, those behind it are not; with none refused, the session itself is. */
  #failRefused(refused: InFlight<Batch> | undefined, error: EastGuardError, effects: Effects<Batch>): void {
    if (refused === undefined) {
      this.#failWaiting(error, effects)
      return
    }
    if (refused.expired) return
    this.#waiting = this.#waiting.filter((batch) => batch !== refused.batch)
    effects.push({ kind: 'failed', batch: refused.batch, written: 'never', error })
  }

  #expired(now: number, effects: Effects<Batch>): void {
    for (const entry of this.#window.remaining()) {
      if (entry.expired || entry.batch.deadline > now) continue
      entry.expired = true
      effects.push(unknownOutcome(entry.batch, timedOut('sent, and not acknowledged before the deadline')))
    }
    if (this.#waiting.every((batch) => batch.deadline > now)) return
    const late = this.#waiting.filter((batch) => batch.deadline <= now)
    this.#waiting = this.#waiting.filter((batch) => batch.deadline > now)
    for (const batch of late) {
      const error = timedOut('not sent before the deadline, and never will be')
      effects.push({ kind: 'failed', batch, written: 'never', error })
    }
    this.#proceed(effects, undefined)
  }

  #failUnknown(entries: readonly InFlight<Batch>[], error: EastGuardError, effects: Effects<Batch>): void {
    for (const { batch, expired } of entries) if (!expired) effects.push(unknownOutcome(batch, error))
  }

  #failWaiting(error: EastGuardError, effects: Effects<Batch>): void {
    for (const batch of this.#waiting) effects.push({ kind: 'failed', batch, written: 'never', error })
    this.#waiting = []
  }

  #endSession(): void {
    this.#state = 'idle'
    this.#window = closedWindow()
  }
}

function closedWindow<Item>(): SendWindow<Item> {
  return new SendWindow({ bytes: 0, items: 0 })
}

function unknownOutcome<Batch>(batch: Batch, error: EastGuardError): SenderEffect<Batch> {
  return { kind: 'failed', batch, written: 'unknown', error }
}

function timedOut(what: string): EastGuardError {
  return codedError('EG_TIMEOUT', what)
}
