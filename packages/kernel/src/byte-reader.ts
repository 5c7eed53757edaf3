import { EastGuardError } from './error.ts'

/**
 * Reads little-endian fields and never past the end: every length is compared with what is there before a byte is
 * handed out. `bytes` hands out views, which pin the whole buffer: copy what outlives the call.
 *
 * Every method throws EG_MALFORMED (fix-call) when the input is too short or a number is out of range.
 */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #position = 0

  /** @param bytes borrowed while the reader lives */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Bytes handed out so far. */
  get position(): number {
    return this.#position
  }

  get remaining(): number {
    return this.#bytes.length - this.#position
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  /** A 64-bit count, position, offset or time: at most 2^53 − 1. */
  u64(): number {
    const at = this.#take(8)
    const value = this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32
    if (!Number.isSafeInteger(value)) throw malformed('a 64-bit number is above 2^53 − 1', at)
    return value
  }

  /** A view, not a copy. */
  bytes(count: number): Uint8Array {
    const at = this.#take(count)
    return this.#bytes.subarray(at, at + count)
  }

  /** `count` bytes that a newer format may use: anything but zeros is refused. */
  reserved(count: number): void {
    const at = this.#take(count)
    for (let i = at; i < at + count; i++) {
      if (this.#bytes[i] !== 0) throw malformed('reserved bytes are not zero: a newer format', i)
    }
  }

  /** Everything must have been read. */
  end(): void {
    if (this.remaining !== 0) throw malformed(`${this.remaining} bytes too many`, this.#position)
  }

  #take(count: number): number {
    const at = this.#position
    if (count < 0 || count > this.#bytes.length - at) {
      throw malformed(`${count} bytes wanted, ${this.#bytes.length - at} there`, at)
    }
    this.#position = at + count
    return at
  }
}

function malformed(what: string, position: number): EastGuardError {
  return new EastGuardError({
    code: 'EG_MALFORMED',
    remedy: 'fix-call',
    message: `${what} (at byte ${position})`,
    facts: { position },
  })
}
