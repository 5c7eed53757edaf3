import type { ColumnReader } from './column.ts'

// Pieces (keys, header blocks or values) stand back to back, and a column says how long each is. Where piece i starts
// is a prefix sum, so starts are noted for every 64th piece, on the first random access, and the rest is added up:
//
//   lengths   │ 5 │ 0 │ 7 │ …            │ 3 │ 9 │ …
//   marks     ▲ 0                        ▲ 64             a sixteenth of a byte per record; H64: never above the body
//   cursor                    ▲ where the last access ended: going forward is one addition
const markEvery = 64
const nothing = new Uint8Array(0)

export class PieceColumn {
  readonly #column: ColumnReader
  readonly #count: number
  /** Place of piece 0 in the body. */
  readonly #at: number
  /** 1: an entry is length + 1, and 0 means null. 0: an entry is a length. */
  readonly #bias: 0 | 1
  #marks: Uint32Array | undefined
  #cursorIndex = 0
  #cursorStart: number

  /** The caller proves that all pieces lie inside the body. */
  constructor(column: ColumnReader, count: number, at: number, bias: 0 | 1) {
    this.#column = column
    this.#count = count
    this.#at = at
    this.#bias = bias
    this.#cursorStart = at
  }

  /** @param i below the record count, here and everywhere: not checked */
  entry(i: number): number {
    return this.#column.value(i)
  }

  /** A view, or null. */
  piece(body: Uint8Array, i: number): Uint8Array | null {
    const entry = this.#column.value(i)
    return entry < this.#bias ? null : this.#cut(body, i, entry - this.#bias)
  }

  /** A view, empty where there is none. */
  view(body: Uint8Array, i: number): Uint8Array {
    return this.#cut(body, i, this.#length(i))
  }

  #cut(body: Uint8Array, i: number, length: number): Uint8Array {
    if (length === 0) return nothing
    const start = this.#start(i)
    this.#cursorIndex = i + 1
    this.#cursorStart = start + length
    return body.subarray(start, start + length)
  }

  #length(i: number): number {
    const entry = this.#column.value(i)
    return entry < this.#bias ? 0 : entry - this.#bias
  }

  #start(i: number): number {
    if (this.#column.width === 0) return this.#at + i * this.#length(0)
    const ahead = i - this.#cursorIndex
    if (ahead < 0 || ahead >= markEvery) this.#moveToMark(i)
    let start = this.#cursorStart
    for (let j = this.#cursorIndex; j < i; j++) start += this.#length(j)
    return start
  }

  #moveToMark(i: number): void {
    this.#marks ??= this.#makeMarks()
    const mark = Math.floor(i / markEvery)
    this.#cursorIndex = mark * markEvery
    this.#cursorStart = this.#marks[mark] as number // one mark for each 64 pieces begun
  }

  #makeMarks(): Uint32Array {
    const marks = new Uint32Array(Math.ceil(this.#count / markEvery))
    let start = this.#at
    for (let i = 0; i < this.#count; i++) {
      if (i % markEvery === 0) marks[i / markEvery] = start
      start += this.#length(i)
    }
    return marks
  }
}
