import { decodeUtf8, type EastGuardError } from '@eastguard/kernel'
import { codedError } from './error-table.ts'
import { controlDepthMax, controlItemCountMax } from './limits.ts'

// Looks at every byte of a control body before a decoder does (H71: a decoder turned extension −1 into a Date and
// overflowed the stack on nested arrays). One loop, no recursion: each step takes at least one byte, and a claimed count
// or length is compared with what is there before anything happens.

export interface ScanResult {
  /** Values and keys, at most `controlItemCountMax`: also the number of steps that the scan took. */
  readonly itemCount: number
  /** Deepest nesting of maps and arrays; the outer map is 1. */
  readonly depth: number
}

/**
 * Accepts exactly one msgpack map that fills `body`: keys are strings, none twice in one map, none `__proto__`; strings
 * are UTF-8; integers are within ±(2^53 − 1); no extension types.
 * @throws EG_MALFORMED (fix-call) naming the byte
 */
export function scanControlBody(body: Uint8Array): ScanResult {
  return new Scan(body).run()
}

interface Level {
  /** Items still to come: for a map, keys and values. */
  left: number
  readonly keys: Set<string> | undefined
}

class Scan {
  readonly #body: Uint8Array
  readonly #view: DataView
  readonly #levels: Level[] = []
  #at = 0
  #itemCount = 0
  #depth = 0

  constructor(body: Uint8Array) {
    this.#body = body
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  }

  run(): ScanResult {
    const first = this.#body[0]
    if (first === undefined || !isMap(first)) throw malformed('a control body is a map', 0)
    this.#item()
    for (;;) {
      const level = this.#levels.at(-1)
      if (level === undefined) break
      if (level.left === 0) {
        this.#levels.pop()
        continue
      }
      // In a map keys and values alternate, so an even number of items left means a key.
      const isKey = level.keys !== undefined && level.left % 2 === 0
      level.left -= 1
      if (isKey) this.#key(level.keys)
      else this.#item()
    }
    if (this.#at !== this.#body.length) {
      throw malformed(`${this.#body.length - this.#at} bytes after the map`, this.#at)
    }
    return { itemCount: this.#itemCount, depth: this.#depth }
  }

  #key(keys: Set<string>): void {
    const at = this.#at
    this.#count()
    const token = this.#u8()
    const length = this.#stringLength(token)
    if (length === undefined) throw malformed('a key is not a string', at)
    const key = this.#string(length)
    // H65, H71: a key that would reach an object's prototype, or hide another one, is no field of any version.
    if (key === '__proto__') throw malformed('the key __proto__', at)
    if (keys.has(key)) throw malformed(`the key ${JSON.stringify(key.slice(0, 64))} comes twice`, at)
    keys.add(key)
  }

  #item(): void {
    this.#count()
    const at = this.#at
    const token = this.#u8()
    if (token < 0x80 || token >= 0xe0) return
    if (token < 0x90) return this.#open(token & 0x0f, true)
    if (token < 0xa0) return this.#open(token & 0x0f, false)
    const length = this.#stringLength(token)
    if (length !== undefined) {
      this.#string(length)
      return
    }
    this.#other(token, at)
  }

  #other(token: number, at: number): void {
    switch (token) {
      case 0xc0:
      case 0xc2:
      case 0xc3:
        return
      case 0xc4:
        return this.#skip(this.#u8())
      case 0xc5:
        return this.#skip(this.#u16())
      case 0xc6:
        return this.#skip(this.#u32())
      case 0xcc:
      case 0xd0:
        return this.#skip(1)
      case 0xcd:
      case 0xd1:
        return this.#skip(2)
      case 0xca:
      case 0xce:
      case 0xd2:
        return this.#skip(4)
      case 0xcb:
        return this.#skip(8)
      case 0xcf:
      case 0xd3:
        return this.#int64(token === 0xd3)
      case 0xdc:
        return this.#open(this.#u16(), false)
      case 0xdd:
        return this.#open(this.#u32(), false)
      case 0xde:
        return this.#open(this.#u16(), true)
      case 0xdf:
        return this.#open(this.#u32(), true)
      default:
        throw malformed(`type byte 0x${token.toString(16)}: extension types are not allowed`, at)
    }
  }

  #open(count: number, isMapLevel: boolean): void {
    const items = isMapLevel ? count * 2 : count
    if (items > this.#body.length - this.#at) throw malformed(`${items} items do not fit`, this.#at)
    if (this.#levels.length === controlDepthMax) throw malformed(`deeper than ${controlDepthMax}`, this.#at)
    this.#levels.push({ left: items, keys: isMapLevel ? new Set() : undefined })
    if (this.#levels.length > this.#depth) this.#depth = this.#levels.length
  }

  #stringLength(token: number): number | undefined {
    if (token >= 0xa0 && token < 0xc0) return token & 0x1f
    if (token === 0xd9) return this.#u8()
    if (token === 0xda) return this.#u16()
    if (token === 0xdb) return this.#u32()
    return undefined
  }

  #string(length: number): string {
    const at = this.#take(length)
    try {
      return decodeUtf8(this.#body.subarray(at, at + length))
    } catch (cause) {
      throw malformed('a string is not UTF-8', at, cause)
    }
  }

  #int64(signed: boolean): void {
    const at = this.#take(8)
    const value = signed ? this.#view.getBigInt64(at) : this.#view.getBigUint64(at)
    if (value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER) {
      throw malformed('an integer is beyond 2^53 − 1', at)
    }
  }

  #count(): void {
    this.#itemCount += 1
    if (this.#itemCount > controlItemCountMax) throw malformed(`more than ${controlItemCountMax} items`, this.#at)
  }

  #skip(count: number): void {
    this.#take(count)
  }

  #u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  #u16(): number {
    return this.#view.getUint16(this.#take(2))
  }

  #u32(): number {
    return this.#view.getUint32(this.#take(4))
  }

  #take(count: number): number {
    const at = this.#at
    if (count > this.#body.length - at) throw malformed(`${count} bytes wanted, ${this.#body.length - at} there`, at)
    this.#at = at + count
    return at
  }
}

function isMap(token: number): boolean {
  return (token >= 0x80 && token < 0x90) || token === 0xde || token === 0xdf
}

function malformed(what: string, position: number, cause?: unknown): EastGuardError {
  return codedError('EG_MALFORMED', `control body: ${what} (at byte ${position})`, { position }, cause)
}
