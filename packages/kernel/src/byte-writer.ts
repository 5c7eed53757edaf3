import { invariant } from './invariant.ts'

/** Writes little-endian fields into a buffer that it owns, grows by doubling, and can be used again after `reset`. */
export class ByteWriter {
  #bytes: Uint8Array
  #view: DataView
  #length = 0

  constructor(capacityBytes = 256) {
    this.#bytes = new Uint8Array(Math.max(capacityBytes, 16))
    this.#view = new DataView(this.#bytes.buffer)
  }

  get length(): number {
    return this.#length
  }

  u8(value: number): this {
    invariant(isUint(value, 0xff), 'value fits u8', { value })
    const at = this.#make(1)
    this.#view.setUint8(at, value)
    return this
  }

  u16(value: number): this {
    invariant(isUint(value, 0xffff), 'value fits u16', { value })
    const at = this.#make(2)
    this.#view.setUint16(at, value, true)
    return this
  }

  u32(value: number): this {
    invariant(isUint(value, 0xffffffff), 'value fits u32', { value })
    const at = this.#make(4)
    this.#view.setUint32(at, value, true)
    return this
  }

  u64(value: number): this {
    invariant(isUint(value, Number.MAX_SAFE_INTEGER), 'value is a safe count', { value })
    const at = this.#make(8)
    this.#view.setUint32(at, value % 2 ** 32, true)
    this.#view.setUint32(at + 4, Math.floor(value / 2 ** 32), true)
    return this
  }

  /** @param bytes copied */
  bytes(bytes: Uint8Array): this {
    const at = this.#make(bytes.length)
    this.#bytes.set(bytes, at)
    return this
  }

  zeros(count: number): this {
    const at = this.#make(count)
    this.#bytes.fill(0, at, at + count)
    return this
  }

  /** Overwrites four bytes that were written before: lengths and checksums that are known last. */
  patchU32(at: number, value: number): this {
    invariant(at >= 0 && at + 4 <= this.#length, 'a patch stays inside what is written', { at, length: this.#length })
    this.#view.setUint32(at, value, true)
    return this
  }

  /** What was written: a view that the next write may overwrite or leave behind. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** What was written: a copy. */
  copy(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  reset(): this {
    this.#length = 0
    return this
  }

  /** Room for `count` bytes. May replace buffer and view: take neither before the call. */
  #make(count: number): number {
    const at = this.#length
    const needed = at + count
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
      grown.set(this.view())
      this.#bytes = grown
      this.#view = new DataView(grown.buffer)
    }
    this.#length = needed
    return at
  }
}

function isUint(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= max
}
