import { encodeUtf8 } from '@eastguard/kernel'

const slabBytes = 65_536
/** Longer texts are faster through the runtime's encoder. */
const shortLengthMax = 256

/**
 * UTF-8 of many short texts: the bytes of plain ASCII are written one behind the other into a shared buffer, where a
 * buffer for each text would cost several times the encoding.
 */
export class TextSlab {
  #slab = new Uint8Array(slabBytes)
  #at = 0

  /** @returns bytes that nobody writes again; they pin the slab, so they are for records on their way to a batch */
  encode(text: string): Uint8Array {
    const { length } = text
    if (length > shortLengthMax) return encodeUtf8(text)
    if (this.#at + length > slabBytes) {
      this.#slab = new Uint8Array(slabBytes)
      this.#at = 0
    }
    const slab = this.#slab
    const start = this.#at
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 0x7f) return encodeUtf8(text)
      slab[start + i] = unit
    }
    this.#at = start + length
    return slab.subarray(start, this.#at)
  }
}
