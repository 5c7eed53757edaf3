import { EastGuardError } from '@eastguard/kernel'
import type { SegmentId } from './segment-id.ts'

/** Also for a fenced segment: somebody else, or a successor, takes appends now. */
export function segmentSealed(id: SegmentId, state: string): EastGuardError {
  return new EastGuardError({
    code: 'EG_SEGMENT_SEALED',
    remedy: 'refresh-route',
    message: `segment ${id} is ${state} and takes no more appends`,
    facts: { segment: id, state },
  })
}

export function segmentUnknown(id: SegmentId): EastGuardError {
  return new EastGuardError({
    code: 'EG_SEGMENT_UNKNOWN',
    remedy: 'refresh-route',
    message: `segment ${id} is not in this store`,
    facts: { segment: id },
  })
}

export function offsetGap(id: SegmentId, what: string, offset: number, expected: number): EastGuardError {
  return new EastGuardError({
    code: 'EG_OFFSET_GAP',
    remedy: 'fix-call',
    message: `segment ${id}: ${what} ${offset}, expected ${expected}`,
    facts: { segment: id, offset, expected },
  })
}

export function batchTooLarge(bytes: number, limit: number): EastGuardError {
  return new EastGuardError({
    code: 'EG_BATCH_TOO_LARGE',
    remedy: 'fix-call',
    message: `a batch of ${bytes} bytes does not fit a journal file: at most ${limit}`,
    facts: { bytes, limit },
  })
}

export function diskFull(reason: string): EastGuardError {
  return new EastGuardError({
    code: 'EG_DISK_FULL',
    remedy: 'give-up',
    message: `the data directory's disk is full: ${reason}; free space, trim or delete topics`,
  })
}

export function overloaded(waitingBytes: number, limit: number): EastGuardError {
  return new EastGuardError({
    code: 'EG_OVERLOADED',
    remedy: 'retry',
    message: `appends wait for the disk: ${waitingBytes} of ${limit} bytes are waiting already`,
    facts: { waitingBytes, limit },
  })
}

/** H52: after a failed write or sync nothing is tried again, and nothing is acknowledged. */
export function storeFailed(cause: unknown): EastGuardError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new EastGuardError({
    code: 'EG_STORE_FAILED',
    remedy: 'give-up',
    message: `the store has stopped after a storage error, the process must end: ${reason}`,
    cause,
  })
}

export function storeClosed(): EastGuardError {
  return new EastGuardError({ code: 'EG_STORE_CLOSED', remedy: 'give-up', message: 'the store is closed' })
}

export function foreignDirectory(file: string): EastGuardError {
  return new EastGuardError({
    code: 'EG_DATA_DIR_FOREIGN',
    remedy: 'fix-call',
    message: `${file} belongs to another store: this data directory is mixed from two`,
    facts: { file },
  })
}

export function newerFormat(file: string, what: string): EastGuardError {
  return new EastGuardError({
    code: 'EG_DATA_DIR_FORMAT',
    remedy: 'give-up',
    message: `${file} was written by a newer release (${what}); start that one`,
    facts: { file },
  })
}

/**
 * P3, P4: from its first `open` on, a store always has a numbered journal file, whenever it crashes. Without one, nobody
 * knows what has been acknowledged.
 */
export function journalMissing(): EastGuardError {
  return new EastGuardError({
    code: 'EG_DATA_DIR_DAMAGED',
    remedy: 'give-up',
    message: `'journal/' has no journal file, although a store was opened here before: acknowledged records are missing; put the folder back as it was`,
    facts: { file: 'journal' },
  })
}
