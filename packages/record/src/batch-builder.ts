import { murmur3 } from '@eastguard/kernel'
import { batchMagic, fieldAt, writeU16, writeU32, writeU64 } from './batch-fields.ts'
import { producerChecksum } from './batch-header.ts'
import { batchBytesMax, batchHeaderBytes, columnHeaderBytes, recordCountMax } from './batch-limits.ts'
import { BytePile } from './byte-pile.ts'
import type { Codec } from './codec.ts'
import { type ColumnWidth, columnWidth } from './column.ts'
import { ColumnTable } from './column-table.ts'
import { invalidArgument, recordTooLarge } from './errors.ts'
import { measureHeaders, pushHeaders } from './header-block.ts'
import type { Record } from './record.ts'

const fixedBytes = batchHeaderBytes + columnHeaderBytes
const timestampSpanMax = 0xffffffff
/** Four columns of width 4. */
const columnWidthsMax = 16

/**
 * Records → batch. The same records give the same bytes, whoever builds.
 *
 * Columns and bytes gather in buffers that the builder keeps from batch to batch: they grow to about twice the largest
 * batch (fresh large buffers are what costs on newer runtimes), so keep a builder instead of making one per batch.
 */
export class BatchBuilder {
  readonly #bytesMax: number
  readonly #columns = new ColumnTable()
  readonly #keys = new BytePile()
  readonly #headerBlocks = new BytePile()
  readonly #values = new BytePile()
  readonly #names: Uint8Array[] = []
  #minTimestamp = Number.MAX_SAFE_INTEGER
  #maxTimestamp = 0
  #keyHashFirst = 0xffffffff
  #keyHashLast = 0

  /**
   * @param limits `batchBytesMax`: bytes of a batch before its codec, header included; the cluster's own limit
   * @throws EG_INVALID_ARGUMENT (fix-call) when no batch can have this limit
   */
  constructor(limits: { readonly batchBytesMax: number }) {
    const bytesMax = limits.batchBytesMax
    if (!Number.isSafeInteger(bytesMax) || bytesMax <= fixedBytes || bytesMax > batchBytesMax) {
      throw invalidArgument(`batchBytesMax is ${bytesMax}, must be ${fixedBytes + 1} to ${batchBytesMax}`, {
        batchBytesMax: bytesMax,
      })
    }
    this.#bytesMax = bytesMax
  }

  get recordCount(): number {
    return this.#columns.count
  }

  /** Bytes of the batch if it was built now, before any codec; 0 when empty. */
  get bytes(): number {
    if (this.#columns.count === 0) return 0
    const widths = this.#timestampWidth(this.#minTimestamp, this.#maxTimestamp) + this.#columns.lengthWidths()
    return fixedBytes + this.#columns.count * widths + this.#pileBytes()
  }

  /**
   * Takes one record.
   * @param record copied
   * @returns false, and nothing has changed, when the batch cannot hold it as well (bytes, count, or a span of
   * timestamps above 2^32 − 1 ms): build first, then add it again
   * @throws EG_RECORD_TOO_LARGE (fix-call) when not even an empty batch can hold it, facts `bytes` and `limit`;
   * EG_INVALID_ARGUMENT (fix-call) for a timestamp that is not a safe integer from 0, or impossible headers
   */
  tryAdd(record: Record): boolean {
    const { key, value, headers, timestamp } = record
    const keyEntry = key === null ? 0 : key.length + 1
    const valueEntry = value === null ? 0 : value.length + 1
    const headerBytes = headers.length === 0 ? 0 : measureHeaders(headers, this.#names)
    if (!this.#fits(timestamp, keyEntry, headerBytes, valueEntry)) {
      this.#refuseImpossible(timestamp, keyEntry, headerBytes, valueEntry)
      return false
    }
    this.#columns.push(timestamp, keyEntry, headerBytes, valueEntry)
    if (timestamp < this.#minTimestamp) this.#minTimestamp = timestamp
    if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp
    if (key !== null) this.#pushKey(key)
    if (headerBytes !== 0) pushHeaders(this.#headerBlocks, headers, this.#names)
    if (value !== null) this.#values.push(value)
    return true
  }

  /**
   * The batch, without codec and unstamped. The builder is empty again.
   * @returns a fresh buffer that nobody else holds
   * @throws EG_INVALID_ARGUMENT (fix-call) when the builder is empty
   */
  build(): Uint8Array {
    if (this.#columns.count === 0) throw invalidArgument('a batch has at least one record', { recordCount: 0 })
    const batch = new Uint8Array(this.bytes)
    this.#writeHeader(batch)
    this.#writeBody(batch)
    writeU32(batch, fieldAt.checksum, producerChecksum(batch))
    this.#clear()
    return batch
  }

  /**
   * The batch, its body compressed; without codec after all when that would not make it smaller. The builder is empty
   * again, and may be used, as soon as this returns its promise.
   */
  async buildWith(codec: Codec): Promise<Uint8Array> {
    const plain = this.build()
    const body = await codec.encode(plain.subarray(batchHeaderBytes))
    if (body.length === 0 || batchHeaderBytes + body.length >= plain.length) return plain
    const batch = new Uint8Array(batchHeaderBytes + body.length)
    batch.set(plain.subarray(0, batchHeaderBytes))
    batch.set(body, batchHeaderBytes)
    writeU32(batch, fieldAt.length, batch.length)
    writeU16(batch, fieldAt.attributes, codec.id)
    writeU32(batch, fieldAt.checksum, producerChecksum(batch))
    return batch
  }

  #fits(timestamp: number, keyEntry: number, headerBytes: number, valueEntry: number): boolean {
    if (!Number.isSafeInteger(timestamp) || timestamp < 0 || this.#columns.count === recordCountMax) return false
    const held = fixedBytes + this.#pileBytes() + pieceBytes(keyEntry) + headerBytes + pieceBytes(valueEntry)
    const min = timestamp < this.#minTimestamp ? timestamp : this.#minTimestamp
    const max = timestamp > this.#maxTimestamp ? timestamp : this.#maxTimestamp
    if (max - min > timestampSpanMax) return false
    // Far from the limit no width matters.
    if (held + (this.#columns.count + 1) * columnWidthsMax <= this.#bytesMax) return true
    const widths = this.#timestampWidth(min, max) + this.#columns.lengthWidthsWith(keyEntry, headerBytes, valueEntry)
    return held + (this.#columns.count + 1) * widths <= this.#bytesMax
  }

  /** Throws when the record does not fit an empty batch either: building first would not help. */
  #refuseImpossible(timestamp: number, keyEntry: number, headerBytes: number, valueEntry: number): void {
    if (!Number.isSafeInteger(timestamp) || timestamp < 0) {
      throw invalidArgument(`a record's timestamp is ${timestamp}, must be a safe integer from 0`, { timestamp })
    }
    const alone = fixedBytes + pieceBytes(keyEntry) + headerBytes + pieceBytes(valueEntry)
    if (alone > this.#bytesMax) throw recordTooLarge('a record, in a batch of its own', alone, this.#bytesMax)
  }

  #pushKey(key: Uint8Array): void {
    const hash = murmur3(key)
    if (hash < this.#keyHashFirst) this.#keyHashFirst = hash
    if (hash > this.#keyHashLast) this.#keyHashLast = hash
    this.#keys.push(key)
  }

  #timestampWidth(min: number, max: number): ColumnWidth {
    return columnWidth(0, max - min)
  }

  #pileBytes(): number {
    return this.#keys.length + this.#headerBlocks.length + this.#values.length
  }

  #writeHeader(batch: Uint8Array): void {
    writeU32(batch, 0, batchMagic)
    writeU32(batch, fieldAt.length, batch.length)
    writeU32(batch, fieldAt.recordCount, this.#columns.count)
    writeU32(batch, fieldAt.keyHashFirst, this.#keyHashFirst)
    writeU32(batch, fieldAt.keyHashLast, this.#keyHashLast)
    // All ones: not idempotent.
    writeU16(batch, fieldAt.producerEpoch, 0xffff)
    batch.fill(0xff, fieldAt.producerId, fieldAt.bodyBytes)
    writeU32(batch, fieldAt.bodyBytes, batch.length - batchHeaderBytes)
    writeU64(batch, fieldAt.maxTimestamp, this.#maxTimestamp)
  }

  #writeBody(batch: Uint8Array): void {
    const timestampWidth = this.#timestampWidth(this.#minTimestamp, this.#maxTimestamp)
    let at = this.#columns.write(batch, timestampWidth, this.#maxTimestamp)
    for (const pile of [this.#keys, this.#headerBlocks, this.#values]) {
      batch.set(pile.bytes.subarray(0, pile.length), at)
      at += pile.length
    }
  }

  #clear(): void {
    this.#columns.clear()
    this.#keys.clear()
    this.#headerBlocks.clear()
    this.#values.clear()
    this.#minTimestamp = Number.MAX_SAFE_INTEGER
    this.#maxTimestamp = 0
    this.#keyHashFirst = 0xffffffff
    this.#keyHashLast = 0
  }
}

/** Bytes of a key or value whose column entry (length + 1, 0 for null) is `entry`. */
function pieceBytes(entry: number): number {
  return entry === 0 ? 0 : entry - 1
}
