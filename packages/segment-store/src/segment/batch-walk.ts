import { batchBaseOffset, checkBatch, isStampValid, peekBatchLength } from '@eastguard/record'
import type { BatchTally } from './batch-tally.ts'

export interface BatchWalk {
  /** Bytes of whole batches that were added to the tally. */
  readonly consumed: number
  /** `more`: the next batch is not whole in these bytes; `bad`: no batch of this segment comes next. */
  readonly stop: 'more' | 'bad' | 'limit'
}

/**
 * Adds the batches that stand back to back in `bytes` to the tally, as long as each verifies: checksum, stamp, and the
 * offset that continues the one before (H56).
 * @param limit stops in front of the batch that would end above it
 */
export function walkBatches(bytes: Uint8Array, tally: BatchTally, segment: Uint8Array, limit: number): BatchWalk {
  let at = 0
  for (;;) {
    if (tally.endOffset >= limit) return { consumed: at, stop: 'limit' }
    const length = batchLength(bytes, at)
    if (length === 'more' || length === 'bad') return { consumed: at, stop: length }
    const batch = bytes.subarray(at, at + length)
    const records = verifiedCount(batch, segment, tally.endOffset)
    if (records === undefined) return { consumed: at, stop: 'bad' }
    if (tally.endOffset + records > limit) return { consumed: at, stop: 'limit' }
    tally.add(batch)
    at += length
  }
}

function batchLength(bytes: Uint8Array, at: number): number | 'more' | 'bad' {
  if (bytes.length - at < 8) return 'more'
  try {
    const length = peekBatchLength(bytes, at)
    return length > bytes.length - at ? 'more' : length
  } catch {
    return 'bad' // no batch starts here: the caller decides what that means
  }
}

/** @returns its records, undefined unless it is whole, of this segment and next */
function verifiedCount(batch: Uint8Array, segment: Uint8Array, offset: number): number | undefined {
  try {
    const { recordCount } = checkBatch(batch)
    return isStampValid(batch, segment) && batchBaseOffset(batch) === offset ? recordCount : undefined
  } catch {
    return undefined // whatever is wrong with it: it is not the batch that was written
  }
}
