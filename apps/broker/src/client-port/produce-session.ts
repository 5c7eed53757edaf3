import { type EastGuardError, isEastGuardError } from '@eastguard/kernel'
import {
  type AppendReceipt,
  codedError,
  decodeAppend,
  encodeAppendAck,
  encodeClose,
  type Frame,
  kindOf,
  ReceiveWindow,
  toErrorBody,
  type Window,
} from '@eastguard/protocol'
import { type BatchHeader, checkBatch, isUnstamped } from '@eastguard/record'
import type { HashInterval } from '../records/local-range.ts'
import type { RangeLog } from '../records/range-log.ts'
import type { Session, SessionLink } from './session.ts'

export interface ProduceLimits {
  readonly batchBytesMax: number
  readonly window: Window & { readonly items: number }
}

interface InFlight {
  outcome:
    | { readonly kind: 'pending' }
    | { readonly kind: 'stored'; readonly receipt: AppendReceipt }
    | { readonly kind: 'refused' }
    | { readonly kind: 'doubtful' }
}

const pending = { kind: 'pending' } as const
const refused = { kind: 'refused' } as const
/** Neither stored nor surely not: a failed sync may have left the batch on the disk, and recovery may find it. */
const doubtful = { kind: 'doubtful' } as const

// Appends of one producer to one range. They go to the range's log in the order in which they came; their outcomes are
// acknowledged in that order too. The first refusal ends the session: `Close` says what was stored, and nothing behind
// it ever will be, so that order holds without a second rule.
export class ProduceSession implements Session {
  readonly #log: RangeLog
  readonly #interval: HashInterval
  readonly #limits: ProduceLimits
  readonly #link: SessionLink
  /** Batches [acknowledged, next), oldest first. */
  readonly #inFlight: InFlight[] = []
  readonly #window: ReceiveWindow
  #next = 0
  #settleScheduled = false
  #failure: EastGuardError | undefined
  #ended = false

  constructor(log: RangeLog, interval: HashInterval, limits: ProduceLimits, link: SessionLink) {
    this.#log = log
    this.#interval = interval
    this.#limits = limits
    this.#link = link
    this.#window = new ReceiveWindow(limits.window)
  }

  frame(frame: Frame): void {
    if (kindOf(frame.kind) === 'close') {
      this.end()
      this.#link.ended()
      return
    }
    if (kindOf(frame.kind) !== 'append')
      throw codedError('EG_UNEXPECTED_FRAME', `kind ${frame.kind} in a produce session`)
    // After a refusal whatever was under way is dropped: the producer learns from Close that it was not stored.
    if (this.#failure === undefined) this.#append(frame.body)
  }

  roomAgain(): void {}

  end(): void {
    this.#ended = true
  }

  fail(error: EastGuardError): void {
    this.#failure ??= error
    this.#settleSoon()
  }

  #append(body: Uint8Array): void {
    const { sequence, batch } = decodeAppend(body)
    if (sequence !== this.#next) {
      throw codedError('EG_UNEXPECTED_FRAME', `append ${sequence} where ${this.#next} was expected`)
    }
    const header = this.#check(batch)
    this.#window.received(sequence + 1, batch.length)
    const outcome = this.#log.append(batch.slice(), header)
    this.#next++
    const entry: InFlight = { outcome: pending }
    this.#inFlight.push(entry)
    outcome.then(
      ({ baseOffset, appendTime }) => {
        entry.outcome = { kind: 'stored', receipt: { baseOffset, appendTime } }
        this.#settleSoon()
      },
      (error: unknown) => {
        entry.outcome = isEastGuardError(error) && !leavesDoubt(error) ? refused : doubtful
        this.fail(isEastGuardError(error) ? error : codedError('EG_INTERNAL', String(error), {}, error))
      },
    )
  }

  /** @throws the refusal that ends the session */
  #check(batch: Uint8Array): BatchHeader {
    const { batchBytesMax } = this.#limits
    if (batch.length > batchBytesMax) {
      throw codedError('EG_BATCH_TOO_LARGE', `a batch of ${batch.length} bytes; the limit is ${batchBytesMax}`, {
        bytes: batch.length,
        limit: batchBytesMax,
      })
    }
    const header = checkBatch(batch)
    if (!isUnstamped(batch)) throw codedError('EG_BATCH_MALFORMED', 'a batch comes unstamped from its producer')
    const { keyHashFirst, keyHashLast } = header
    const keyless = keyHashFirst > keyHashLast
    if (!keyless && (keyHashFirst < this.#interval.first || keyHashLast > this.#interval.last)) {
      // H40: whatever the producer believes about ranges, a key lands only where it belongs.
      throw codedError('EG_WRONG_RANGE', `keys from ${keyHashFirst} to ${keyHashLast} do not belong to this range`)
    }
    return header
  }

  /** One sync completes many batches in one turn: their acknowledgement is one frame. */
  #settleSoon(): void {
    if (this.#settleScheduled) return
    this.#settleScheduled = true
    void Promise.resolve().then(() => {
      this.#settleScheduled = false
      this.#settle()
    })
  }

  /** Acknowledges what is stored from the front; closes when the front was refused, or after a failure nothing is open. */
  #settle(): void {
    const receipts: AppendReceipt[] = []
    let head = this.#inFlight[0]
    while (head?.outcome.kind === 'stored') {
      receipts.push(head.outcome.receipt)
      this.#inFlight.shift()
      head = this.#inFlight[0]
    }
    this.#window.release(this.#window.below + receipts.length)
    if (this.#ended) return
    if (receipts.length > 0) {
      const { below, window } = this.#window.announce()
      const windowBatches = this.#limits.window.items
      this.#link.send('appendAck', encodeAppendAck({ below, windowBytes: window.bytes, windowBatches, receipts }))
    }
    if (this.#failure !== undefined && this.#inFlight.every(({ outcome }) => outcome.kind !== 'pending'))
      this.#close(this.#failure)
  }

  #close(error: EastGuardError): void {
    this.end()
    // P15: `acceptedBelow` promises that nothing behind it is stored; where that is not certain it is left out.
    const certain = this.#inFlight.every(({ outcome }) => outcome.kind === 'refused')
    const body = toErrorBody(error)
    this.#link.send('close', encodeClose(certain ? { ...body, acceptedBelow: this.#window.below } : body))
    this.#link.ended()
  }
}

function leavesDoubt(error: EastGuardError): boolean {
  return isEastGuardError(error, 'EG_STORE_FAILED', 'EG_STORE_CLOSED')
}
