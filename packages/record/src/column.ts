import { readU32, writeU32 } from './batch-fields.ts'
import { malformedBatch } from './errors.ts'

// One number per record: 0, 1, 2 or 4 bytes each. Width 0 stores nothing, every record has the constant.

/** Bytes of one column's descriptor: width (1), zero (3), constant (4). */
export const columnDescriptorBytes = 8

export type ColumnWidth = 0 | 1 | 2 | 4

/** The narrowest width for values between `min` and `max`. */
export function columnWidth(min: number, max: number): ColumnWidth {
  if (min === max) return 0
  if (max <= 0xff) return 1
  return max <= 0xffff ? 2 : 4
}

/** Writes a descriptor. */
export function writeDescriptor(into: Uint8Array, at: number, width: ColumnWidth, constant: number): void {
  into.fill(0, at, at + columnDescriptorBytes)
  into[at] = width
  if (width === 0) writeU32(into, at + 4, constant)
}

/** A column inside a body: reads in place, allocates nothing. */
export class ColumnReader {
  readonly width: ColumnWidth
  readonly constant: number
  readonly #view: DataView
  readonly #at: number

  /**
   * @param view of the body; retained
   * @param at place of the values; the caller proves that all of them lie inside the body
   */
  constructor(view: DataView, width: ColumnWidth, constant: number, at: number) {
    this.#view = view
    this.width = width
    this.constant = constant
    this.#at = at
  }

  /** @param i below the record count: not checked here */
  value(i: number): number {
    if (this.width === 0) return this.constant
    if (this.width === 1) return this.#view.getUint8(this.#at + i)
    if (this.width === 2) return this.#view.getUint16(this.#at + 2 * i, true)
    return this.#view.getUint32(this.#at + 4 * i, true)
  }

  /** Sum of `entry − bias` over the first `count` entries that are not below `bias`. At most 2^52: exact. */
  sum(count: number, bias: 0 | 1): number {
    if (this.width === 0) return this.constant < bias ? 0 : (this.constant - bias) * count
    let sum = 0
    for (let i = 0; i < count; i++) {
      const entry = this.value(i)
      sum += entry < bias ? 0 : entry - bias
    }
    return sum
  }

  /** The largest of the first `count` values. */
  max(count: number): number {
    if (this.width === 0) return this.constant
    let max = 0
    for (let i = 0; i < count; i++) {
      const value = this.value(i)
      if (value > max) max = value
    }
    return max
  }
}

/** @throws EG_BATCH_MALFORMED (fix-call) */
export function readDescriptor(body: Uint8Array, at: number): { width: ColumnWidth; constant: number } {
  const width = body[at] ?? 0
  const constant = readU32(body, at + 4)
  if (width !== 0 && width !== 1 && width !== 2 && width !== 4) {
    throw malformedBatch(`a column of width ${width} belongs to a newer format`, { at, width })
  }
  const zeros = (body[at + 1] ?? 0) | (body[at + 2] ?? 0) | (body[at + 3] ?? 0)
  if (zeros !== 0 || (width !== 0 && constant !== 0)) {
    throw malformedBatch('reserved bytes of a column are not zero: a newer format', { at })
  }
  return { width, constant }
}
