/** Bytes that pile up piece by piece, in a buffer that is owned, grows by doubling, and is used again after `clear`. */
export class BytePile {
  length = 0
  bytes: Uint8Array = new Uint8Array(4096)

  /** @param piece copied */
  push(piece: Uint8Array): void {
    const count = piece.length
    const at = this.length
    if (at + count > this.bytes.length) this.#grow(at + count)
    this.bytes.set(piece, at) // about 15 ns whatever the size; a loop is slower from 8 bytes on
    this.length = at + count
  }

  /** Makes room for `count` bytes, which the caller writes. @returns their place in `bytes` */
  reserve(count: number): number {
    const at = this.length
    if (at + count > this.bytes.length) this.#grow(at + count)
    this.length = at + count
    return at
  }

  clear(): void {
    this.length = 0
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }
}
