import { crc32, type Disk, type DiskFile, isEastGuardError } from '@eastguard/kernel'
import { syncFile, syncNames } from '../durable.ts'
import { encodeIndex } from '../format/index-entry.ts'
import { encodeSegmentHeader, segmentHeaderBytes } from '../format/segment-header.ts'
import { encodeSegmentTrailer, type SegmentTrailer } from '../format/segment-trailer.ts'
import type { Lane } from '../lane.ts'
import { type SegmentId, segmentDirectory, segmentPath } from '../segment-id.ts'
import type { BatchTally } from './batch-tally.ts'

/** What stands in front of the batches. */
export interface FileHead {
  readonly startOffset: number
  /** Opaque; see layouts, "Segment file". */
  readonly prelude: Uint8Array
}

/**
 * Writes one segment's file. Each call opens and closes the file: writes are large and rare, and thousands of segments
 * shall not hold thousands of handles. Calls of one segment never overlap (the segment's lane).
 */
export class SegmentFile {
  readonly path: string
  readonly #id: SegmentId
  readonly #disk: Disk
  readonly #directories: Lane
  #exists: boolean

  /** @param directories the store's: making and removing directories must not cross */
  constructor(id: SegmentId, disk: Disk, directories: Lane, exists: boolean) {
    this.#id = id
    this.path = segmentPath(id)
    this.#disk = disk
    this.#directories = directories
    this.#exists = exists
  }

  /** Header, prelude and every batch written so far are durable, and so is the name. */
  get exists(): boolean {
    return this.#exists
  }

  /**
   * Writes batches at their place and syncs. The first time it makes the file, with header and prelude; an attempt that
   * a full disk has cut short is repeated as a whole.
   * @param parts borrowed until settled
   */
  async append(head: FileHead, position: number, parts: readonly Uint8Array[]): Promise<void> {
    const file = this.#exists ? await this.#disk.open(this.path, 'write') : await this.#make()
    await closing(file, async () => {
      if (!this.#exists) {
        await file.write(0, [encodeSegmentHeader(this.#id, head.startOffset, head.prelude), head.prelude])
      }
      await file.write(position, parts)
      await syncFile(file, this.path)
    })
    if (this.#exists) return
    await syncNames(this.#disk, segmentDirectory(this.#id)) // H55
    this.#exists = true
  }

  async sync(): Promise<void> {
    const file = await this.#disk.open(this.path, 'write')
    await closing(file, () => syncFile(file, this.path))
  }

  async truncate(size: number): Promise<void> {
    const file = await this.#disk.open(this.path, 'write')
    await closing(file, async () => {
      await file.truncate(size)
      await syncFile(file, this.path)
    })
  }

  /** Cuts what lies behind the tally, appends index and trailer, and syncs. */
  async seal(tally: BatchTally): Promise<SegmentTrailer> {
    const index = encodeIndex(tally.index)
    const trailer = trailerOf(this.#id, tally, crc32(index))
    const file = await this.#disk.open(this.path, 'write')
    await closing(file, async () => {
      await file.truncate(tally.endPosition)
      await file.write(tally.endPosition, [index, encodeSegmentTrailer(trailer)])
      await syncFile(file, this.path)
    })
    return trailer
  }

  /** And the directories that are empty without it. Fine when there is no file. */
  remove(): Promise<void> {
    return this.#directories.run(async () => {
      this.#exists = false
      const range = segmentDirectory(this.#id)
      try {
        await this.#disk.remove(this.path)
        await syncNames(this.#disk, range) // H55
      } catch (error) {
        if (!isEastGuardError(error, 'EG_DISK_NOT_FOUND')) throw error
      }
      await this.#removeEmpty(range)
      await this.#removeEmpty(parentOf(range))
    })
  }

  #make(): Promise<DiskFile> {
    return this.#directories.run(async () => {
      await this.#disk.makeDirectory(segmentDirectory(this.#id)) // H55: and its parents, durably
      try {
        return await this.#disk.open(this.path, 'create')
      } catch (error) {
        if (!isEastGuardError(error, 'EG_DISK_EXISTS')) throw error
        return await this.#disk.open(this.path, 'write')
      }
    })
  }

  async #removeEmpty(directory: string): Promise<void> {
    try {
      if ((await this.#disk.list(directory)).length > 0) return
      await this.#disk.remove(directory)
      await syncNames(this.#disk, parentOf(directory))
    } catch (error) {
      if (!isEastGuardError(error, 'EG_DISK_NOT_FOUND')) throw error
    }
  }
}

/** Position of the first batch. */
export function bodyPositionOf(prelude: Uint8Array): number {
  return segmentHeaderBytes + prelude.length
}

function trailerOf(segment: SegmentId, tally: BatchTally, indexChecksum: number): SegmentTrailer {
  const { startOffset, endOffset, batchBytes, batchCount, maxTimestamp, firstAppendTime, lastAppendTime } = tally
  const times = { maxTimestamp, firstAppendTime, lastAppendTime }
  const counts = { batchBytes, batchCount, indexCount: tally.index.length }
  const checksums = { indexChecksum, batchesChecksum: tally.batchesChecksum }
  return { segment, startOffset, endOffset, ...counts, ...times, ...checksums }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

async function closing<Value>(file: DiskFile, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } finally {
    await file.close()
  }
}
