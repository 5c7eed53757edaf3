/**
 * What a caller can do about an error.
 *
 * - `retry`: the same call may succeed later.
 * - `refresh-route`: somebody else is responsible now; ask again who, then repeat.
 * - `fix-call`: the call is wrong and will stay wrong.
 * - `give-up`: nothing that the caller can do from here will help.
 */
export type Remedy = 'retry' | 'refresh-route' | 'fix-call' | 'give-up'

/** Fields of an error or a log event: scalars only, so that they print and travel as they are. */
export type Facts = { readonly [name: string]: string | number | boolean | null | undefined }

export interface ErrorDetails {
  /** Stable, starts with `EG_`. Callers match this, never the class or the message. */
  readonly code: string
  readonly remedy: Remedy
  /** For people: names the thing, the value and the limit. Never parsed. */
  readonly message: string
  readonly facts?: Facts
  readonly cause?: unknown
}

/** An outcome that a caller can expect. A bug is not one of these: see `invariant`. */
export class EastGuardError extends Error {
  readonly code: string
  readonly remedy: Remedy
  readonly facts: Facts

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'EastGuardError'
    this.code = details.code
    this.remedy = details.remedy
    this.facts = details.facts ?? {}
  }
}

/** Whether `error` is an EastGuardError, and of one of these codes if any are given. */
export function isEastGuardError(error: unknown, ...codes: readonly string[]): error is EastGuardError {
  return error instanceof EastGuardError && (codes.length === 0 || codes.includes(error.code))
}
