import { getU64, setU64, viewOf } from './little-endian.ts'

// 24 bytes of a sealed file's index: offset, position, largest timestamp of all batches before it.

export const indexEntryBytes = 24

export interface IndexEntry {
  /** Base offset of the batch. */
  readonly offset: number
  /** Of the batch in the file. */
  readonly position: number
  /** Of all batches before it, 0 for the first: never falls, so that a search by time is binary. */
  readonly maxTimestampBefore: number
}

export function encodeIndex(entries: readonly IndexEntry[]): Uint8Array {
  const bytes = new Uint8Array(entries.length * indexEntryBytes)
  const view = viewOf(bytes)
  for (const [i, entry] of entries.entries()) {
    setU64(view, i * indexEntryBytes, entry.offset)
    setU64(view, i * indexEntryBytes + 8, entry.position)
    setU64(view, i * indexEntryBytes + 16, entry.maxTimestampBefore)
  }
  return bytes
}

/** @returns undefined when the length or the order is impossible */
export function decodeIndex(bytes: Uint8Array): readonly IndexEntry[] | undefined {
  if (bytes.length % indexEntryBytes !== 0) return undefined
  const view = viewOf(bytes)
  const entries: IndexEntry[] = []
  let before: IndexEntry | undefined
  for (let at = 0; at < bytes.length; at += indexEntryBytes) {
    const [offset, position, maxTimestampBefore] = [getU64(view, at), getU64(view, at + 8), getU64(view, at + 16)]
    if (offset === undefined || position === undefined || maxTimestampBefore === undefined) return undefined
    if (before !== undefined) {
      const grows = offset > before.offset && position > before.position
      if (!grows || maxTimestampBefore < before.maxTimestampBefore) return undefined
    }
    before = { offset, position, maxTimestampBefore }
    entries.push(before)
  }
  return entries
}
