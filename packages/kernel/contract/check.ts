import { InvariantError, isEastGuardError } from '../src/index.ts'

/** One fact that every adapter of a port must satisfy. `open` gives a fresh, empty subject. */
export interface ContractCase<Subject> {
  readonly name: string
  run(subject: Subject): Promise<void>
}

/** Compares as JSON, byte strings as lists of numbers. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [show(actual), show(expected)]
  if (a !== b) throw new InvariantError(what, { actual: a, expected: b })
}

export function holds(condition: boolean, what: string): void {
  same(condition, true, what)
}

/** The promise rejects with this code. */
export async function rejectsWith(promise: Promise<unknown>, code: string): Promise<void> {
  const outcome = await promise.then(
    () => 'fulfilled',
    (error: unknown) => (isEastGuardError(error) ? error.code : String(error)),
  )
  same(outcome, code, `the call rejects with ${code}`)
}

function show(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (inner instanceof Uint8Array ? [...inner] : inner)) ?? 'none'
}
