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

/** A record, or a limit, that no batch allows whatever its size. */
export function invalidArgument(what: string, facts: Facts): EastGuardError {
  return new EastGuardError({ code: 'EG_INVALID_ARGUMENT', remedy: 'fix-call', message: what, facts })
}

/** A body that nobody here can inflate. */
export function codecUnavailable(codec: number): EastGuardError {
  return new EastGuardError({
    code: 'EG_CODEC_UNAVAILABLE',
    remedy: 'fix-call',
    message: `the batch is compressed with codec ${codec}, which was not given here`,
    facts: { codec },
  })
}
