import { crc32, type Disk, type DiskFile } from '@eastguard/kernel'
import type { Place } from '../answers.ts'
import { newerFormat } from '../errors.ts'
import { decodeSegmentHeader, segmentHeaderBytes } from '../format/segment-header.ts'
import {
  decodeSegmentTrailer,
  type SegmentTrailer,
  sealedFileBytes,
  segmentTrailerBytes,
  type TrailerHolds,
} from '../format/segment-trailer.ts'
import { inParallel } from '../in-parallel.ts'
import type { FileHead } from '../segment/segment-file.ts'
import { type SegmentId, segmentIdFromPath, segmentPath } from '../segment-id.ts'

const parallelMax = 16

export interface FoundSegmentFile {
  readonly id: SegmentId
  readonly bytes: number
  /** Undefined: header or prelude do not verify. */
  readonly head: FileHead | undefined
  readonly headDamage: Place | undefined
  /** A trailer that verifies and fits the file's length. */
  readonly trailer: SegmentTrailer | undefined
}

/** Header and trailer of every segment file. @throws EG_DATA_DIR_FORMAT, EG_DISK_* */
export async function findSegmentFiles(disk: Disk, holds: TrailerHolds): Promise<readonly FoundSegmentFile[]> {
  const ids: SegmentId[] = []
  for (const topic of await directoriesIn(disk, 'segments')) {
    for (const range of await directoriesIn(disk, `segments/${topic}`)) {
      for (const { name, directory } of await disk.list(`segments/${topic}/${range}`)) {
        const id = directory ? undefined : segmentIdFromPath(topic, range, name)
        if (id !== undefined) ids.push(id)
      }
    }
  }
  return await inParallel(ids, parallelMax, (id) => examine(disk, id, holds))
}

async function directoriesIn(disk: Disk, path: string): Promise<readonly string[]> {
  return (await disk.list(path)).filter((entry) => entry.directory).map((entry) => entry.name)
}

async function examine(disk: Disk, id: SegmentId, holds: TrailerHolds): Promise<FoundSegmentFile> {
  const path = segmentPath(id)
  const file = await disk.open(path, 'read')
  try {
    const bytes = await file.size()
    const head = await readHead(file, id)
    const trailer = await readTrailer(file, id, bytes, head, holds)
    const headDamage =
      head === undefined ? { file: path, position: 0, reason: 'header or prelude do not verify' } : undefined
    return { id, bytes, head, headDamage, trailer }
  } finally {
    await file.close()
  }
}

async function readHead(file: DiskFile, id: SegmentId): Promise<FileHead | undefined> {
  const bytes = new Uint8Array(segmentHeaderBytes)
  const read = await file.read(0, bytes)
  const header = decodeSegmentHeader(bytes.subarray(0, read))
  if (header === 'newer') throw newerFormat(segmentPath(id), 'its header')
  if (header === 'damaged' || header.segment !== id) return undefined
  const prelude = new Uint8Array(header.preludeBytes)
  const whole = (await file.read(segmentHeaderBytes, prelude)) === prelude.length
  return whole && crc32(prelude) === header.preludeChecksum ? { startOffset: header.startOffset, prelude } : undefined
}

async function readTrailer(
  file: DiskFile,
  id: SegmentId,
  size: number,
  head: FileHead | undefined,
  holds: TrailerHolds,
): Promise<SegmentTrailer | undefined> {
  if (size < segmentHeaderBytes + segmentTrailerBytes) return undefined
  const bytes = new Uint8Array(segmentTrailerBytes)
  await file.read(size - segmentTrailerBytes, bytes)
  const trailer = decodeSegmentTrailer(bytes, holds)
  // A newer trailer is refused like a bad one: the bytes may as well be a record's, and must not keep the store shut.
  if (trailer === undefined || trailer === 'newer' || trailer.segment !== id) return undefined
  const preludeBytes = head?.prelude.length ?? size - sealedFileBytes(0, trailer)
  return preludeBytes >= 0 && sealedFileBytes(preludeBytes, trailer) === size ? trailer : undefined
}
