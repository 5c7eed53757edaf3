import type { IndexEntry } from '../format/index-entry.ts'

/** A rule, not "about": replicas must be equal byte for byte. */
export const indexStrideBytes = 65_536

/** One entry for the first batch, then one for the first batch that starts at least 65,536 bytes after the last entry's. */
export function takesIndexEntry(lastPosition: number | undefined, position: number): boolean {
  return lastPosition === undefined || position >= lastPosition + indexStrideBytes
}

/** @returns place in `entries` of the last entry at or below `offset`; −1 when there is none */
export function findByOffset(entries: readonly IndexEntry[], offset: number): number {
  return lastWhere(entries, (entry) => entry.offset <= offset)
}

/**
 * Where a search for the first batch with a record at or after `time` starts: everything before the entry is older.
 * @returns place in `entries`; −1 when there is none
 */
export function findByTime(entries: readonly IndexEntry[], time: number): number {
  // The first entry qualifies always: nothing is before it.
  return Math.max(
    lastWhere(entries, (entry) => entry.maxTimestampBefore < time),
    entries.length === 0 ? -1 : 0,
  )
}

/** Binary search for the last entry of a run of true. */
function lastWhere(entries: readonly IndexEntry[], test: (entry: IndexEntry) => boolean): number {
  let [low, high] = [0, entries.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const entry = entries[middle]
    if (entry !== undefined && test(entry)) low = middle + 1
    else high = middle
  }
  return low - 1
}
