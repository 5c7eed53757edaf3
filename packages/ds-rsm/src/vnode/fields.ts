import { EastGuardError } from '@eastguard/kernel'
import { isU32 } from '../ids.ts'

/**
 * Reads the fields of a decoded array in order, each checked before it is handed out; nobody else trusts what msgpackr
 * made of the bytes. Every method throws EG_MALFORMED (fix-call).
 */
export class Fields {
  readonly #values: readonly unknown[]
  #next = 0

  constructor(value: unknown) {
    if (!Array.isArray(value)) throw malformed('an array', value)
    this.#values = value
  }

  /** An integer from 0 to 2^53 − 1. */
  count(): number {
    const value = this.#take()
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw malformed('a count', value)
    return value as number // checked above
  }

  u32(): number {
    const value = this.#take()
    if (typeof value !== 'number' || !isU32(value)) throw malformed('an integer below 2^32', value)
    return value
  }

  boolean(): boolean {
    const value = this.#take()
    if (typeof value !== 'boolean') throw malformed('true or false', value)
    return value
  }

  text(): string {
    const value = this.#take()
    if (typeof value !== 'string') throw malformed('a text', value)
    return value
  }

  countOrNull(): number | null {
    return this.#isNull() ? null : this.count()
  }

  /** A field that may be absent: written as an empty array, or one with the value. */
  optional<Value>(read: (fields: Fields) => Value): Value | undefined {
    return this.list(read)[0]
  }

  list<Value>(read: (fields: Fields) => Value): Value[] {
    const items = this.#take()
    if (!Array.isArray(items)) throw malformed('a list', items)
    const inner = new Fields(items)
    const values: Value[] = []
    for (let i = 0; i < items.length; i++) values.push(read(inner))
    return values
  }

  /** A nested array with fields of its own; all of them must be read. */
  group<Value>(read: (fields: Fields) => Value): Value {
    const inner = new Fields(this.#take())
    const value = read(inner)
    inner.end()
    return value
  }

  end(): void {
    if (this.#next !== this.#values.length) throw malformed(`${this.#next} fields`, this.#values)
  }

  #isNull(): boolean {
    if (this.#values[this.#next] !== null) return false
    this.#next++
    return true
  }

  #take(): unknown {
    if (this.#next === this.#values.length) throw malformed(`more than ${this.#next} fields`, this.#values)
    return this.#values[this.#next++]
  }
}

function malformed(wanted: string, value: unknown): EastGuardError {
  return new EastGuardError({
    code: 'EG_MALFORMED',
    remedy: 'fix-call',
    message: `${wanted} expected, ${Array.isArray(value) ? `an array of ${value.length}` : typeof value} found`,
  })
}
