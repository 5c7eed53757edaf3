import type { Facts } from './error.ts'

/** A broken invariant: a bug. It is not caught and handled; the process that meets it stops. */
export class InvariantError extends Error {
  readonly facts: Facts

  constructor(name: string, facts: Facts) {
    super(`invariant broken: ${name} ${JSON.stringify(facts)}`)
    this.name = 'InvariantError'
    this.facts = facts
  }
}

/**
 * Stops when something that must always hold does not. Stays on in production.
 * @param name what holds, as a sentence: `offsets are continuous`
 */
export function invariant(condition: boolean, name: string, facts: Facts = {}): asserts condition {
  if (!condition) throw new InvariantError(name, facts)
}

/** For the `default` of an exhaustive switch: the compiler refuses it while a case is missing. */
export function unreachable(value: never): never {
  throw new InvariantError('every case is handled', { value: String(value) })
}
