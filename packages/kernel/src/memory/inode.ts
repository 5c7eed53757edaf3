interface Undo {
  readonly position: number
  readonly before: Uint8Array
  readonly sizeBefore: number
}

/**
 * The content of one file, and how to take back what no sync has covered.
 *
 * ```
 *   sync ──────► write A ─► write B ─► truncate        now
 *                  undo A ◄─ undo B ◄─ undo truncate   crash walks back
 * ```
 */
export class Inode {
  #bytes = new Uint8Array(0)
  #size = 0
  #undo: Undo[] = []
  // After a failed sync the system may have thrown away what it could not write and call the rest clean (H52):
  // here nothing becomes durable any more.
  #lost = false

  get size(): number {
    return this.#size
  }

  read(position: number, into: Uint8Array): number {
    const end = Math.min(this.#size, position + into.length)
    if (position >= end) return 0
    into.set(this.#bytes.subarray(position, end))
    return end - position
  }

  write(position: number, bytes: Uint8Array): void {
    this.#remember(position, position + bytes.length)
    this.#resize(Math.max(this.#size, position + bytes.length))
    this.#bytes.set(bytes, position)
  }

  truncate(size: number): void {
    this.#remember(size, this.#size)
    this.#bytes.fill(0, Math.min(size, this.#size), this.#size)
    this.#resize(size)
  }

  sync(): void {
    if (!this.#lost) this.#undo = []
  }

  syncFailed(): void {
    this.#lost = true
  }

  crash(): void {
    for (const { position, before, sizeBefore } of this.#undo.reverse()) {
      this.#bytes.fill(0, Math.min(sizeBefore, this.#size), this.#size)
      this.#resize(sizeBefore)
      this.#bytes.set(before, position)
    }
    this.#undo = []
    this.#lost = false
  }

  #remember(from: number, to: number): void {
    const end = Math.min(to, this.#size)
    const before = from < end ? this.#bytes.slice(from, end) : new Uint8Array(0)
    this.#undo.push({ position: before.length === 0 ? 0 : from, before, sizeBefore: this.#size })
  }

  // What lies between the size and the capacity is always zero.
  #resize(size: number): void {
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(size, this.#bytes.length * 2))
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    this.#size = size
  }
}
