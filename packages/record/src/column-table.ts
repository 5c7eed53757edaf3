import { batchHeaderBytes } from './batch-limits.ts'
import { type ColumnWidth, columnDescriptorBytes, columnWidth, writeDescriptor } from './column.ts'

/** The columns in their order. */
const column = { timestamp: 0, key: 1, headers: 2, value: 3 } as const

type LengthColumn = 1 | 2 | 3

/**
 * The four columns of a batch under construction, four numbers a record side by side, so that adding a record touches
 * one place. Owns its buffer over many batches. The smallest and largest length of each column are found when somebody
 * asks, over what came since: that loop costs far less than comparing at each record.
 */
export class ColumnTable {
  count = 0
  #rows: Uint32Array = new Uint32Array(4 * 256)
  readonly #min: Uint32Array = new Uint32Array(4).fill(0xffffffff)
  readonly #max: Uint32Array = new Uint32Array(4)
  #seen = 0

  /** @param timestamp of which the low 32 bits are kept: enough, since a batch spans less than 2^32 ms */
  push(timestamp: number, keyEntry: number, headerBytes: number, valueEntry: number): void {
    const at = 4 * this.count
    if (at === this.#rows.length) this.#grow()
    const rows = this.#rows
    rows[at] = timestamp
    rows[at + 1] = keyEntry
    rows[at + 2] = headerBytes
    rows[at + 3] = valueEntry
    this.count++
  }

  /** Bytes per record of the columns of lengths. */
  lengthWidths(): number {
    this.#look()
    return this.#width(1) + this.#width(2) + this.#width(3)
  }

  /** The same, if these lengths came too. */
  lengthWidthsWith(keyEntry: number, headerBytes: number, valueEntry: number): number {
    this.#look()
    return this.#widthWith(1, keyEntry) + this.#widthWith(2, headerBytes) + this.#widthWith(3, valueEntry)
  }

  /**
   * Writes descriptors and columns, timestamps as their distance from the largest.
   * @param batch starts at byte 0 of its buffer
   * @returns the position behind the columns
   */
  write(batch: Uint8Array, timestampWidth: ColumnWidth, maxTimestamp: number): number {
    this.#look()
    this.#turnTimestamps(maxTimestamp)
    const view = new DataView(batch.buffer)
    writeDescriptor(batch, batchHeaderBytes, timestampWidth, 0)
    let at = batchHeaderBytes + 4 * columnDescriptorBytes
    at = this.#writeColumn(view, at, column.timestamp, timestampWidth)
    for (const index of [column.key, column.headers, column.value]) {
      const width = this.#width(index)
      // Each has an entry by now: a batch has a record.
      writeDescriptor(batch, batchHeaderBytes + index * columnDescriptorBytes, width, this.#min[index] as number)
      at = this.#writeColumn(view, at, index, width)
    }
    return at
  }

  clear(): void {
    this.count = 0
    this.#min.fill(0xffffffff)
    this.#max.fill(0)
    this.#seen = 0
  }

  #width(index: LengthColumn): ColumnWidth {
    return columnWidth(this.#min[index] as number, this.#max[index] as number) // four entries
  }

  #widthWith(index: LengthColumn, entry: number): ColumnWidth {
    return columnWidth(Math.min(this.#min[index] as number, entry), Math.max(this.#max[index] as number, entry))
  }

  #look(): void {
    const rows = this.#rows
    const min = this.#min
    const max = this.#max
    for (let at = 4 * this.#seen; at < 4 * this.count; at += 4) {
      for (let index = 1; index < 4; index++) {
        const entry = rows[at + index] as number // four a record
        if (entry < (min[index] as number)) min[index] = entry
        if (entry > (max[index] as number)) max[index] = entry
      }
    }
    this.#seen = this.count
  }

  #turnTimestamps(maxTimestamp: number): void {
    const rows = this.#rows
    const max = maxTimestamp % 2 ** 32
    // Modulo 2^32, as a Uint32Array stores.
    for (let at = 0; at < 4 * this.count; at += 4) rows[at] = max - (rows[at] as number)
  }

  #writeColumn(view: DataView, at: number, index: 0 | LengthColumn, width: ColumnWidth): number {
    const rows = this.#rows
    const end = at + this.count * width
    let from: number = index
    // Four rows a record: `from` stays below their end.
    if (width === 1) for (let to = at; to < end; to++, from += 4) view.setUint8(to, rows[from] as number)
    if (width === 2) for (let to = at; to < end; to += 2, from += 4) view.setUint16(to, rows[from] as number, true)
    if (width === 4) for (let to = at; to < end; to += 4, from += 4) view.setUint32(to, rows[from] as number, true)
    return end
  }

  #grow(): void {
    const grown = new Uint32Array(this.#rows.length * 2)
    grown.set(this.#rows)
    this.#rows = grown
  }
}
