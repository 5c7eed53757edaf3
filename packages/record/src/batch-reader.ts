import { murmur3 } from '@eastguard/kernel'
import { type BatchHeader, checkBatch } from './batch-header.ts'
import { batchHeaderBytes } from './batch-limits.ts'
import { openBody } from './body-layout.ts'
import type { Codec } from './codec.ts'
import type { ColumnReader } from './column.ts'
import { codecUnavailable, invalidArgument } from './errors.ts'
import { readHeaders } from './header-block.ts'
import type { PieceColumn } from './piece-column.ts'
import type { Record, RecordHeader } from './record.ts'

/**
 * Opens one batch and hands out its records on demand. Opening proves checksum and sizes; a record is made when it is
 * asked for, its keys, values and header values being views of the batch (or of the inflated body): they pin it, so
 * copy what outlives it.
 *
 * Methods that take an index throw EG_INVALID_ARGUMENT (fix-call) outside [0, recordCount).
 */
export class BatchReader {
  readonly header: BatchHeader
  readonly recordCount: number
  readonly #body: Uint8Array
  readonly #timestamps: ColumnReader
  readonly #keys: PieceColumn
  readonly #headerBlocks: PieceColumn
  readonly #values: PieceColumn

  private constructor(header: BatchHeader, body: Uint8Array) {
    const layout = openBody(header, body)
    this.header = header
    this.recordCount = header.recordCount
    this.#body = body
    this.#timestamps = layout.timestamps
    this.#keys = layout.keys
    this.#headerBlocks = layout.headerBlocks
    this.#values = layout.values
  }

  /**
   * @param batch without codec; retained
   * @throws EG_BATCH_MALFORMED (fix-call); EG_CODEC_UNAVAILABLE (fix-call) when its body is compressed: see `inflate`
   */
  static open(batch: Uint8Array): BatchReader {
    const header = checkBatch(batch)
    if (header.codec !== 0) throw codecUnavailable(header.codec)
    return new BatchReader(header, batch.subarray(batchHeaderBytes))
  }

  /**
   * Opens a batch of any codec that is in `codecs`.
   * @param batch retained
   * @throws EG_BATCH_MALFORMED (fix-call), EG_CODEC_UNAVAILABLE (fix-call)
   */
  static async inflate(batch: Uint8Array, codecs: readonly Codec[]): Promise<BatchReader> {
    const header = checkBatch(batch)
    const packed = batch.subarray(batchHeaderBytes)
    if (header.codec === 0) return new BatchReader(header, packed)
    const codec = codecs.find(({ id }) => id === header.codec)
    if (codec === undefined) throw codecUnavailable(header.codec)
    return new BatchReader(header, await codec.decode(packed, header.bodyBytes))
  }

  record(i: number): Record {
    return { key: this.key(i), value: this.value(i), headers: this.headers(i), timestamp: this.timestamp(i) }
  }

  timestamp(i: number): number {
    return this.header.maxTimestamp - this.#timestamps.value(this.#index(i))
  }

  key(i: number): Uint8Array | null {
    return this.#keys.piece(this.#body, this.#index(i))
  }

  value(i: number): Uint8Array | null {
    return this.#values.piece(this.#body, this.#index(i))
  }

  /** @throws EG_BATCH_MALFORMED (fix-call): header blocks are proven when they are read */
  headers(i: number): readonly RecordHeader[] {
    return readHeaders(this.#headerBlocks.view(this.#body, this.#index(i)))
  }

  /** Bytes of key i without opening it, −1 for null. */
  keyLength(i: number): number {
    return this.#keys.entry(this.#index(i)) - 1
  }

  /** Bytes of value i without opening it, −1 for null. */
  valueLength(i: number): number {
    return this.#values.entry(this.#index(i)) - 1
  }

  *records(): Generator<Record, void, undefined> {
    for (let i = 0; i < this.recordCount; i++) yield this.record(i)
  }

  /**
   * The first record at or after `from` whose key has this hash (`keyHash`), −1 for none. Reads key lengths and keys
   * only; compare the key itself afterwards, for hashes collide.
   */
  findKey(hash: number, from = 0): number {
    if (hash < this.header.keyHashFirst || hash > this.header.keyHashLast) return -1
    for (let i = Math.max(from, 0); i < this.recordCount; i++) {
      const key = this.#keys.piece(this.#body, i)
      if (key !== null && murmur3(key) === hash) return i
    }
    return -1
  }

  #index(i: number): number {
    if (i >= 0 && i < this.recordCount && Number.isInteger(i)) return i
    throw invalidArgument(`there is no record ${i} in a batch of ${this.recordCount}`, {
      i,
      recordCount: this.recordCount,
    })
  }
}
