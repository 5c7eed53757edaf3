import type { EastGuardError } from '@eastguard/kernel'
import type { Record } from '@eastguard/record'
import { type Delivery, fail, succeed } from './delivery.ts'
import type { Epoch } from './flush-epochs.ts'
import { reservedBytes } from './producer-record.ts'
import type { Sendable, Written } from './range-sender.ts'
import type { BatchReceipt } from './receipt.ts'

/** A record on its way, and who waits for it. */
export interface Entry {
  readonly record: Record
  readonly delivery: Delivery
  readonly tag: number
  /** What it takes of the producer's buffer. */
  readonly bytes: number
  readonly deadline: number
  readonly epoch: Epoch
}

/** Records of one range that travel, and are settled, together. */
export class OutgoingBatch implements Sendable {
  readonly range: number
  readonly epoch: Epoch
  /** Time of the clock when its first record came. */
  readonly openedAt: number
  readonly #deliveries: Delivery[] = []
  readonly #tags: number[] = []
  #deadline = Number.POSITIVE_INFINITY
  #bytesReserved = 0
  /** The batch as it travels, once it is built. */
  encoded: Uint8Array | undefined

  constructor(range: number, epoch: Epoch, openedAt: number) {
    this.range = range
    this.epoch = epoch
    this.openedAt = openedAt
  }

  get recordCount(): number {
    return this.#deliveries.length
  }

  /** The earliest of its records. */
  get deadline(): number {
    return this.#deadline
  }

  get ready(): boolean {
    return this.encoded !== undefined
  }

  get byteCount(): number {
    return this.encoded?.length ?? 0
  }

  /** What its records take of the producer's buffer. */
  get bytesReserved(): number {
    return this.#bytesReserved
  }

  take(entry: Entry): void {
    this.#deliveries.push(entry.delivery)
    this.#tags.push(entry.tag)
    this.#bytesReserved += entry.bytes
    if (entry.deadline < this.#deadline) this.#deadline = entry.deadline
  }

  /** Its records, on their way again: into batches of other ranges. @param records as they were taken, in order */
  entries(records: Iterable<Record>): Entry[] {
    const entries: Entry[] = []
    for (const record of records) {
      const i = entries.length
      entries.push({
        record,
        delivery: this.#deliveries[i] as Delivery, // both lists are as long as the batch
        tag: this.#tags[i] as number,
        bytes: reservedBytes(record),
        deadline: this.#deadline,
        epoch: this.epoch,
      })
    }
    return entries
  }

  stored(receipt: BatchReceipt): void {
    for (let i = 0; i < this.#deliveries.length; i++) {
      // Both lists have the same length.
      succeed(this.#deliveries[i] as Delivery, receipt, i, this.#tags[i] as number)
    }
  }

  failed(error: EastGuardError, written: Written): void {
    for (const [i, delivery] of this.#deliveries.entries()) fail(delivery, error, written, this.#tags[i] as number)
  }
}
