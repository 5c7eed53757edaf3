import { EastGuardError, type Facts } from '@eastguard/kernel'
import { codedError } from '@eastguard/protocol'

/** The same code and remedy, told of another thing. */
export function retold(error: EastGuardError, message: string, facts: Facts): EastGuardError {
  return new EastGuardError({ code: error.code, remedy: error.remedy, message, facts, cause: error })
}

/** P15: it may have happened, and nobody here can say. */
export function outcomeUnknown(what: string, cause: EastGuardError, facts: Facts): EastGuardError {
  return codedError('EG_OUTCOME_UNKNOWN', `${what}: ${cause.message}`, { ...facts, reason: cause.code }, cause)
}

/** Any rejection as an error with a code; what has none is a bug, and says so. */
export function asEastGuardError(error: unknown): EastGuardError {
  if (error instanceof EastGuardError) return error
  const message = error instanceof Error ? error.message : String(error)
  return codedError('EG_INTERNAL', `unexpected: ${message}`, {}, error)
}
