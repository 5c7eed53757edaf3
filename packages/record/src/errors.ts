import { EastGuardError, type Facts } from '@eastguard/kernel'

/** Bytes that are not a batch, or not the batch that they claim to be. */
export function malformedBatch(what: string, facts: Facts = {}, cause?: unknown): EastGuardError {
  return new EastGuardError({
    code: 'EG_BATCH_MALFORMED',
    remedy: 'fix-call',
    message: `batch: ${what}`,
    facts,
    cause,
  })
}

/** A record that no batch of this limit can hold. */
export function recordTooLarge(what: string, bytes: number, limit: number): EastGuardError {
  return new EastGuardError({
    code: 'EG_RECORD_TOO_LARGE',
    remedy: 'fix-call',
    message: `${what}: ${bytes} bytes, at most ${limit} are possible`,
    facts: { bytes, limit },
  })
}
