/** Bytes that many may take from, and none beyond its end. */
export class ByteBudget {
  readonly #bytesMax: number
  #taken = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get takenBytes(): number {
    return this.#taken
  }

  /** @returns false when so much is not left: nothing was taken. One alone always fits (H49) */
  take(bytes: number): boolean {
    if (this.#taken > 0 && this.#taken + bytes > this.#bytesMax) return false
    this.#taken += bytes
    return true
  }

  giveBack(bytes: number): void {
    this.#taken -= bytes
  }
}
