/** Journal files in use, oldest first; the last is being written. */
export interface JournalFile {
  readonly sequence: number
  readonly base: number
  readonly bytes: number
}

/** The journal below the result is needed by nobody. An idle segment needs nothing (`undefined`). */
export type Watermark = (needs: Iterable<number | undefined>, journalEnd: number) => number

/** H51: the oldest position that some segment still needs, its flush being durable or not at all. */
export const journalWatermark: Watermark = (needs, journalEnd) => {
  let watermark = journalEnd
  for (const need of needs) if (need !== undefined && need < watermark) watermark = need
  return watermark
}

/** Files that lie below the watermark as a whole, oldest first, never the one being written. */
export function releasableFiles(files: readonly JournalFile[], watermark: number): readonly JournalFile[] {
  const released: JournalFile[] = []
  for (const file of files.slice(0, -1)) {
    if (file.base + file.bytes > watermark) break
    released.push(file)
  }
  return released
}
