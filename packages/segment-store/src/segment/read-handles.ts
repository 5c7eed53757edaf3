import { crc32, type Disk, type DiskFile } from '@eastguard/kernel'
import { decodeIndex, type IndexEntry, indexEntryBytes } from '../format/index-entry.ts'
import type { Segment } from './segment.ts'

/** A segment file that is open for reading, with what is worth remembering while it is. */
export interface ReadHandle {
  readonly file: DiskFile
  /** Of a sealed segment; its first entry alone when the stored index does not verify. */
  index: readonly IndexEntry[] | undefined
  /** Where the last read ended: a sequential reader goes on here, without a search. */
  hint: IndexEntry | undefined
  users: number
  dropped: boolean
}

/** Keeps the most recently read files open, up to a maximum. */
export class ReadHandles {
  readonly #disk: Disk
  readonly #countMax: number
  readonly #handles = new Map<Segment, Promise<ReadHandle>>() // least recently used first

  constructor(disk: Disk, countMax: number) {
    this.#disk = disk
    this.#countMax = countMax
  }

  /** @param work has the handle until it settles; @throws EG_DISK_* */
  async use<Value>(segment: Segment, work: (handle: ReadHandle) => Promise<Value>): Promise<Value> {
    let handle = await this.#acquire(segment)
    while (handle.dropped) handle = await this.#acquire(segment) // dropped while it was being opened
    handle.users++
    try {
      return await work(handle)
    } finally {
      handle.users--
      if (handle.dropped && handle.users === 0) await handle.file.close()
    }
  }

  /** Forgets what is remembered of the segment: its bytes have changed, or go. */
  async drop(segment: Segment): Promise<void> {
    const opening = this.#handles.get(segment)
    if (opening === undefined) return
    this.#handles.delete(segment)
    const handle = await opening.catch(() => undefined) // whoever opened it has the error
    if (handle === undefined) return
    handle.dropped = true
    if (handle.users === 0) await handle.file.close()
  }

  async close(): Promise<void> {
    for (const segment of [...this.#handles.keys()]) await this.drop(segment)
  }

  #acquire(segment: Segment): Promise<ReadHandle> {
    const known = this.#handles.get(segment)
    const opening = known ?? this.#open(segment)
    this.#handles.delete(segment)
    this.#handles.set(segment, opening)
    return opening
  }

  async #open(segment: Segment): Promise<ReadHandle> {
    try {
      const [oldest] = this.#handles.keys()
      if (this.#handles.size >= this.#countMax && oldest !== undefined) await this.drop(oldest)
      const file = await this.#disk.open(segment.file.path, 'read')
      return { file, index: undefined, hint: undefined, users: 0, dropped: false }
    } catch (error) {
      this.#handles.delete(segment)
      throw error
    }
  }
}

/** The index of a sealed file, verified; loaded once per handle. Damage is noted, and only makes searches longer. */
export async function loadIndex(segment: Segment, handle: ReadHandle): Promise<readonly IndexEntry[]> {
  const { trailer } = segment
  if (trailer === undefined) return segment.tally.index
  if (handle.index !== undefined) return handle.index
  const first = { offset: trailer.startOffset, position: segment.bodyPosition, maxTimestampBefore: 0 }
  const position = segment.bodyPosition + trailer.batchBytes
  const bytes = new Uint8Array(trailer.indexCount * indexEntryBytes)
  const whole = (await handle.file.read(position, bytes)) === bytes.length
  const index = whole && crc32(bytes) === trailer.indexChecksum ? decodeIndex(bytes) : undefined
  if (index === undefined) {
    segment.damage ??= { file: segment.file.path, position, reason: 'the index does not verify' }
  }
  handle.index = index ?? [first]
  return handle.index
}
