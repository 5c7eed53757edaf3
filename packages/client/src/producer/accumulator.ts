import { invariant } from '@eastguard/kernel'
import { BatchBuilder, keyHash, type Record } from '@eastguard/record'
import type { KeyRanges } from '../route/key-ranges.ts'
import { type Entry, OutgoingBatch } from './outgoing-batch.ts'

// Records into batches, per range: a batch closes when it is full, when it has lingered, or at a flush. Pure.
//
// Keyed records go where their hash belongs. Records without a key fill one range's batch, then the next range's:
// batches stay large, and ranges equally full.

export interface AccumulatorSettings {
  /** A batch closes at this size, before any codec. */
  readonly batchBytes: number
  /** No batch is larger: a single large record may be. */
  readonly batchBytesMax: number
  /** A batch closes this long after its first record, ms. */
  readonly lingerMs: number
  /** While earlier batches of its range wait for the window, a batch goes on filling, but not beyond this age, ms. */
  readonly holdMs: number
}

interface OpenBatch {
  readonly batch: OutgoingBatch
  readonly builder: BatchBuilder
}

/** A batch to be built and queued; `release` the builder after that. */
export type ClosedBatch = OpenBatch

/** Builders own large buffers: those not in use are kept for the next batch, up to so many. */
const spareBuilderMax = 16

export class Accumulator {
  readonly #settings: AccumulatorSettings
  readonly #open = new Map<number, OpenBatch>()
  readonly #spare: BatchBuilder[] = []
  #closed: ClosedBatch[] = []
  #keys: KeyRanges
  /** Index in `#keys.ranges` of the range that takes records without a key. */
  #keyless = 0

  constructor(settings: AccumulatorSettings, keys: KeyRanges) {
    this.#settings = settings
    this.#keys = keys
  }

  /** Other ranges from now on. Nothing may be open. */
  set keys(keys: KeyRanges) {
    invariant(this.#open.size === 0, 'batches of the former ranges are closed first')
    this.#keys = keys
    this.#keyless = 0
  }

  get openCount(): number {
    return this.#open.size
  }

  /**
   * @returns whether a batch was opened, whose linger begins now
   * @throws EG_RECORD_TOO_LARGE, EG_INVALID_ARGUMENT (fix-call): nothing was taken
   */
  add(entry: Entry, now: number): boolean {
    const range = this.#rangeOf(entry.record)
    let open = this.#open.get(range)
    if (open !== undefined && (open.batch.epoch !== entry.epoch || !open.builder.tryAdd(entry.record))) {
      this.#close(open)
      open = undefined
    }
    const opened = open === undefined
    open ??= this.#begin(range, entry, now)
    open.batch.take(entry)
    if (open.builder.bytes >= this.#settings.batchBytes) this.#close(open)
    return opened
  }

  /** Batches that closed since the last call, in order. */
  takeClosed(): readonly ClosedBatch[] {
    const closed = this.#closed
    if (closed.length > 0) this.#closed = []
    return closed
  }

  /** A builder that is empty again. */
  release(builder: BatchBuilder): void {
    if (this.#spare.length < spareBuilderMax) this.#spare.push(builder)
  }

  closeAll(): void {
    for (const open of this.#open.values()) this.#close(open)
  }

  /**
   * Closes what has lingered. @param isBacklogged whether earlier batches of a range still wait
   * @returns when to call again, undefined with nothing open
   */
  closeDue(now: number, isBacklogged: (range: number) => boolean): number | undefined {
    const { lingerMs, holdMs } = this.#settings
    let next: number | undefined
    for (const open of this.#open.values()) {
      const held = open.batch.openedAt + lingerMs <= now && isBacklogged(open.batch.range)
      const due = open.batch.openedAt + (held ? holdMs : lingerMs)
      if (due <= now) this.#close(open)
      else if (next === undefined || due < next) next = due
    }
    return next
  }

  #rangeOf({ key }: Record): number {
    const { ranges } = this.#keys
    const hash = ranges.length === 1 ? undefined : keyHash(key)
    const range = hash === undefined ? ranges[this.#keyless] : this.#keys.rangeOf(hash)
    invariant(range !== undefined, 'there is an active range')
    return range
  }

  #begin(range: number, entry: Entry, now: number): OpenBatch {
    const builder = this.#spare.pop() ?? new BatchBuilder({ batchBytesMax: this.#settings.batchBytesMax })
    try {
      const taken = builder.tryAdd(entry.record)
      invariant(taken, 'an empty batch takes a record or says why not')
    } catch (error) {
      this.release(builder)
      throw error
    }
    const open = { batch: new OutgoingBatch(range, entry.epoch, now), builder }
    this.#open.set(range, open)
    return open
  }

  #close(open: OpenBatch): void {
    this.#open.delete(open.batch.range)
    this.#closed.push(open)
    if (this.#keys.ranges[this.#keyless] === open.batch.range) {
      this.#keyless = (this.#keyless + 1) % this.#keys.ranges.length
    }
  }
}
