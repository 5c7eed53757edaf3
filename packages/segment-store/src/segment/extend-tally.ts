import type { DiskFile } from '@eastguard/kernel'
import type { BatchTally } from './batch-tally.ts'
import { walkBatches } from './batch-walk.ts'

/** Most unsealed files are short, and there may be thousands: the buffer grows with the file. */
const firstChunkBytes = 64 * 1024
const chunkBytesMax = 1024 * 1024

/**
 * Reads a segment file from the tally's end on and adds every batch that verifies.
 * @param limit offset above which no batch may end
 * @returns `limit`: it was reached; `end`: the file ends right behind a batch; `bad`: what follows is no batch of it
 */
export async function extendTally(
  file: DiskFile,
  tally: BatchTally,
  segment: Uint8Array,
  limit: number,
): Promise<'limit' | 'end' | 'bad'> {
  let buffer = new Uint8Array(firstChunkBytes)
  for (;;) {
    const read = await file.read(tally.endPosition, buffer)
    const { consumed, stop } = walkBatches(buffer.subarray(0, read), tally, segment, limit)
    if (stop !== 'more') return stop
    const fileEnded = read < buffer.length
    if (fileEnded) return consumed === read ? 'end' : 'bad'
    // A batch larger than the buffer: 16 MiB is the bound of any batch, so this ends.
    if (consumed === 0 || buffer.length < chunkBytesMax) buffer = new Uint8Array(buffer.length * 2)
  }
}
