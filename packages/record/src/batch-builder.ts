import { murmur3 } from '@eastguard/kernel'
import { batchMagic, fieldAt, writeU16, writeU32, writeU64 } from './batch-fields.ts'
import { producerChecksum } from './batch-header.ts'
import { batchBytesMax, batchHeaderBytes, columnHeaderBytes, recordCountMax } from './batch-limits.ts'
import { BytePile } from './byte-pile.ts'
import type { Codec } from './codec.ts'
import { columnWidth } from './column.ts'
import { ColumnTable } from './column-table.ts'
import { invalidArgument, recordTooLarge } from './errors.ts'
import { measureHeaders, pushHeaders } from './header-block.ts'
import type { Record } from './record.ts'

const fixedBytes = batchHeaderBytes + columnHeaderBytes
const timestampSpanMax = 0xffffffff
/** Four columns of width 4. */
const widthsMax = 16

const recycledBytesMin = 64 * 1024
const spareStepBytes = 4096
const spareCountMax = 8

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
  readonly #spares: Uint8Array[] = []
  readonly #names: Uint8Array[] = []
  /** Of all keys, header blocks and values. */
  #pieceBytes = 0
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
    const widths = columnWidth(0, this.#maxTimestamp - this.#minTimestamp) + this.#columns.lengthWidths()
    return fixedBytes + this.#columns.count * widths + this.#pieceBytes
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
    const pieces = pieceBytes(keyEntry) + headerBytes + pieceBytes(valueEntry)
    const min = Math.min(timestamp, this.#minTimestamp)
    const max = Math.max(timestamp, this.#maxTimestamp)
    if (!Number.isSafeInteger(timestamp) || timestamp < 0) throw invalidTimestamp(timestamp)
    // Far from the limit, which is nearly always, no width matters.
    if (!this.#fits(min, max, pieces, widthsMax)) {
      const widths = columnWidth(0, max - min) + this.#columns.lengthWidthsWith(keyEntry, headerBytes, valueEntry)
      if (!this.#fits(min, max, pieces, widths)) return this.#refuse(pieces)
    }
    this.#columns.push(timestamp, keyEntry, headerBytes, valueEntry)
    this.#pieceBytes += pieces
    this.#minTimestamp = min
    this.#maxTimestamp = max
    if (key !== null) this.#pushKey(key)
    if (headerBytes !== 0) pushHeaders(this.#headerBlocks, headers, this.#names)
    if (value !== null) this.#values.push(value)
    return true
  }

  /**
   * The batch, without codec and unstamped. The builder is empty again.
   * @returns a buffer that nobody else holds: fresh, or one that was recycled
   * @throws EG_INVALID_ARGUMENT (fix-call) when the builder is empty
   */
  build(): Uint8Array {
    if (this.#columns.count === 0) throw invalidArgument('a batch has at least one record', { recordCount: 0 })
    const batch = this.#takeBuffer(this.bytes)
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
    this.recycle(plain)
    return batch
  }

  /**
   * Gives a built batch back when nobody will read it again (it is acknowledged, and written by the socket): the next
   * batch is built in its memory. Worth it for large batches, where touching fresh memory costs more than encoding.
   * @param batch as `build` or `buildWith` returned it; the builder owns it from now on
   */
  recycle(batch: Uint8Array): void {
    if (batch.buffer.byteLength >= recycledBytesMin && this.#spares.length < spareCountMax) {
      this.#spares.push(new Uint8Array(batch.buffer as ArrayBuffer)) // `build` made it
    }
  }

  #takeBuffer(bytes: number): Uint8Array {
    const spare = this.#spares.pop()
    if (spare !== undefined && spare.length >= bytes) return spare.fill(0, 0, batchHeaderBytes).subarray(0, bytes)
    if (bytes < recycledBytesMin) return new Uint8Array(bytes)
    // Full batches differ by less than a record: rounded up, one serves for the next.
    return new Uint8Array(Math.ceil(bytes / spareStepBytes) * spareStepBytes).subarray(0, bytes)
  }

  #fits(min: number, max: number, pieces: number, widths: number): boolean {
    const count = this.#columns.count + 1
    const bytes = fixedBytes + count * widths + this.#pieceBytes + pieces
    return bytes <= this.#bytesMax && max - min <= timestampSpanMax && count <= recordCountMax
  }

  /** Throws when the record does not fit an empty batch either: building first would not help. */
  #refuse(pieces: number): false {
    const alone = fixedBytes + pieces
    if (alone > this.#bytesMax) throw recordTooLarge('a record, in a batch of its own', alone, this.#bytesMax)
    return false
  }

  #pushKey(key: Uint8Array): void {
    const hash = murmur3(key)
    if (hash < this.#keyHashFirst) this.#keyHashFirst = hash
    if (hash > this.#keyHashLast) this.#keyHashLast = hash
    this.#keys.push(key)
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
    const timestampWidth = columnWidth(0, this.#maxTimestamp - this.#minTimestamp)
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
    this.#pieceBytes = 0
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

function invalidTimestamp(timestamp: number): Error {
  return invalidArgument(`a record's timestamp is ${timestamp}, must be a safe integer from 0`, { timestamp })
}
