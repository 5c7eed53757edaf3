import { InvariantError, isEastGuardError } from '@eastguard/kernel'

// Comparing without a test runner, so that a contract runs under any.

export function same(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [show(actual), show(expected)]
  if (a !== b) throw new InvariantError(what, { actual: a, expected: b })
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
  return JSON.stringify(value) ?? 'none'
}
