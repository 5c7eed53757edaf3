import type { EastGuardError, Facts } from '@eastguard/kernel'
import { codedError } from './error-table.ts'

export interface UintBounds {
  /** 0 unless said. */
  readonly min?: number
  /** 2^53 − 1 unless said. */
  readonly max?: number
}

/**
 * The fields of one decoded map. What a reader does not ask for is ignored, so that a newer peer may say more (H65);
 * what it asks for has the right type and is in bounds, or EG_MALFORMED (fix-call) names the field.
 *
 * Methods without a default want the field to be there; those named `optional…` answer undefined when it is missing.
 */
export class Fields {
  readonly #map: { readonly [name: string]: unknown }
  readonly #what: string

  private constructor(map: { readonly [name: string]: unknown }, what: string) {
    this.#map = map
    this.#what = what
  }

  /** @param what name of the message or `message.field`, for errors */
  static of(value: unknown, what: string): Fields {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) {
      throw codedError('EG_MALFORMED', `${what} must be a map`, { field: what })
    }
    // The checks above leave plain objects only: the decoder makes no other kind.
    return new Fields(value as { readonly [name: string]: unknown }, what)
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#map, name)
  }

  string(name: string, lengthMax: number): string {
    const value = this.#get(name)
    if (typeof value !== 'string' || value.length > lengthMax) {
      throw this.wrong(name, `a string of at most ${lengthMax} characters`)
    }
    return value
  }

  optionalString(name: string, lengthMax: number): string | undefined {
    return this.has(name) ? this.string(name, lengthMax) : undefined
  }

  /** Lower-case hexadecimal digits, exactly so many. */
  hex(name: string, digits: number): string {
    const value = this.#get(name)
    if (typeof value !== 'string' || value.length !== digits || !/^[0-9a-f]*$/.test(value)) {
      throw this.wrong(name, `${digits} hexadecimal digits`)
    }
    return value
  }

  /** `<topic>-<range>-<segment>`, as layouts write it. */
  segmentId(name: string): string {
    const value = this.#get(name)
    if (typeof value !== 'string' || !/^[0-9a-f]{16}-\d{1,10}-\d{1,10}$/.test(value)) {
      throw this.wrong(name, 'a segment id')
    }
    return value
  }

  uint(name: string, bounds: UintBounds = {}): number {
    const { min = 0, max = Number.MAX_SAFE_INTEGER } = bounds
    const value = this.#get(name)
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
      throw this.wrong(name, `an integer from ${min} to ${max}`)
    }
    return value
  }

  u32(name: string): number {
    return this.uint(name, { max: 0xffffffff })
  }

  optionalUint(name: string, bounds: UintBounds = {}): number | undefined {
    return this.has(name) ? this.uint(name, bounds) : undefined
  }

  /** nil is a value of its own: explicitly none (H60). */
  nullableUint(name: string, bounds: UintBounds = {}): number | null {
    return this.#get(name) === null ? null : this.uint(name, bounds)
  }

  boolean(name: string, whenMissing?: boolean): boolean {
    if (whenMissing !== undefined && !this.has(name)) return whenMissing
    const value = this.#get(name)
    if (typeof value !== 'boolean') throw this.wrong(name, 'true or false')
    return value
  }

  /** A copy. @param length exact, in bytes */
  bytes(name: string, length: number): Uint8Array {
    const value = this.#get(name)
    if (!(value instanceof Uint8Array) || value.length !== length) throw this.wrong(name, `${length} bytes`)
    return new Uint8Array(value)
  }

  oneOf<Word extends string>(name: string, words: readonly Word[]): Word {
    const value = this.#get(name)
    const word = words.find((candidate) => candidate === value)
    if (word === undefined) throw this.wrong(name, `one of ${words.join(', ')}`)
    return word
  }

  map(name: string): Fields {
    return Fields.of(this.#get(name), `${this.#what}.${name}`)
  }

  nullableMap(name: string): Fields | null {
    return this.#get(name) === null ? null : this.map(name)
  }

  /** A list of maps. A missing list is empty. */
  maps<Item>(name: string, countMax: number, read: (fields: Fields) => Item): readonly Item[] {
    return this.#list(name, countMax).map((item) => read(Fields.of(item, `${this.#what}.${name}`)))
  }

  /** A list of strings. A missing list is empty. */
  strings(name: string, countMax: number, lengthMax: number): readonly string[] {
    return this.#list(name, countMax).map((item) => {
      if (typeof item === 'string' && item.length <= lengthMax) return item
      throw this.wrong(name, `strings of at most ${lengthMax} characters`)
    })
  }

  /** A list of integers. A missing list is empty. */
  uints(name: string, countMax: number, max: number): readonly number[] {
    return this.#list(name, countMax).map((item) => {
      if (typeof item === 'number' && Number.isSafeInteger(item) && item >= 0 && item <= max) return item
      throw this.wrong(name, `integers from 0 to ${max}`)
    })
  }

  /** Names and scalars, as errors carry them; anything that is no scalar is left out. A missing map is empty. */
  facts(name: string, countMax: number): Facts {
    if (!this.has(name)) return {}
    const facts: [string, string | number | boolean | null][] = []
    for (const [key, value] of Object.entries(this.map(name).#map)) {
      if (facts.length === countMax) break
      if (isScalar(value)) facts.push([key, value])
    }
    return Object.fromEntries(facts)
  }

  wrong(name: string, wanted: string): EastGuardError {
    return codedError('EG_MALFORMED', `${this.#what}.${name} must be ${wanted}`, { field: `${this.#what}.${name}` })
  }

  #list(name: string, countMax: number): readonly unknown[] {
    if (!this.has(name)) return []
    const value = this.#get(name)
    if (!Array.isArray(value) || value.length > countMax) {
      throw this.wrong(name, `a list of at most ${countMax} entries`)
    }
    return value
  }

  #get(name: string): unknown {
    // Own fields only: a map from the wire answers nothing for `constructor`.
    if (!Object.hasOwn(this.#map, name)) throw this.wrong(name, 'there')
    return this.#map[name]
  }
}

function isScalar(value: unknown): value is string | number | boolean | null {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
