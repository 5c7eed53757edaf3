import { type Disk, type DiskFile, invariant, isEastGuardError } from '@eastguard/kernel'
import { offsetGap, segmentSealed, segmentUnknown, storeClosed } from '../errors.ts'
import type { Flusher } from '../flusher.ts'
import type { SegmentTrailer } from '../format/segment-trailer.ts'
import type { Journal } from '../journal/journal.ts'
import type { Cache } from './cache.ts'
import { extendTally } from './extend-tally.ts'
import { FileWalker } from './file-walker.ts'
import type { ReadHandles } from './read-handles.ts'
import type { Segment } from './segment.ts'
import { judgeSegment } from './segment-core.ts'
import { findByOffset } from './sparse-index.ts'

export interface ChangeComponents {
  readonly disk: Disk
  readonly journal: Journal
  readonly flusher: Flusher
  readonly cache: Cache
  readonly handles: ReadHandles
  /** A change of it begins: it takes no appends meanwhile. */
  readonly begun: (segment: Segment) => void
  /** It is gone. */
  readonly gone: (segment: Segment) => void
  /** A cut or a seal of it is done: there may be room in memory and in the journal. */
  readonly changed: (segment: Segment) => void
}

/**
 * Truncate, seal and forget: each journalled first, then done to the file, so that a crash in between finds the rest.
 *
 * ```
 *   drain appends ─► frame durable ─► memory ─► flush ─► file, synced ─► the journal may let go
 * ```
 */
export class SegmentChanges {
  readonly #with: ChangeComponents

  constructor(components: ChangeComponents) {
    this.#with = components
  }

  /** @throws EG_OFFSET_GAP, EG_SEGMENT_SEALED, EG_DISK_FULL */
  truncate(segment: Segment, end: number): Promise<void> {
    const verdict = judgeSegment(segment.state, 'truncate')
    invariant(verdict.kind !== 'wrong', 'a segment is fenced before it is truncated', { segment: segment.id })
    return this.#inTurn(segment, async () => {
      if (judgeSegment(segment.state, 'truncate').kind === 'ended') throw segmentSealed(segment.id, segment.state)
      if (end === segment.durableEnd) return
      await this.#checkEnd(segment, end)
      await this.#journalled(segment, 'truncate', end)
      await this.#cut(segment, end)
      segment.pinnedAt = undefined
      this.#with.changed(segment)
    })
  }

  /** Done again at the same end, it does nothing. @throws EG_OFFSET_GAP, EG_DISK_FULL */
  seal(segment: Segment, end: number): Promise<void> {
    if (segment.state === 'open') segment.state = 'fenced'
    return this.#inTurn(segment, async () => {
      if (segment.state === 'sealed') {
        if (segment.durableEnd === end) return
        throw offsetGap(segment.id, 'sealed already; not at', end, segment.durableEnd)
      }
      await this.#checkEnd(segment, end)
      if (end === segment.startOffset) return await this.#remove(segment) // an empty segment leaves no trace
      await this.#journalled(segment, 'seal', end)
      await this.#cut(segment, end)
      const { flusher, handles } = this.#with
      let trailer: SegmentTrailer | undefined
      await flusher.retrying(segment, async () => {
        trailer = await segment.file.seal(segment.tally)
      })
      if (trailer === undefined) throw givenUp(segment)
      segment.sealedBy(trailer)
      if (!damagedBelow(segment)) segment.damage = undefined
      segment.pinnedAt = undefined
      await handles.drop(segment)
      this.#with.changed(segment)
    })
  }

  forget(segment: Segment): Promise<void> {
    if (segment.state === 'open') segment.state = 'fenced'
    segment.leaving = true
    this.#with.flusher.wake() // it may be waiting for the very room that this makes
    return this.#inTurn(segment, () => this.#remove(segment), true).catch((error: unknown) => {
      segment.leaving = false
      throw error
    })
  }

  async #inTurn(segment: Segment, work: () => Promise<void>, leaving = false): Promise<void> {
    segment.changing++
    this.#with.begun(segment)
    try {
      await segment.drained()
      await segment.lane.run(async () => {
        if (segment.leaving && !leaving) throw segmentUnknown(segment.id)
        await work()
      })
    } finally {
      segment.changing--
    }
  }

  async #remove(segment: Segment): Promise<void> {
    if (segment.preludeJournalled || segment.file.exists || segment.state === 'damaged') {
      await this.#journalled(segment, 'forget', 0)
    }
    segment.leaving = true
    segment.cutCount++
    this.#with.journal.unride(segment.id)
    this.#with.cache.cut(segment.run, -1)
    await this.#with.handles.drop(segment)
    await segment.file.remove()
    segment.preludeAt = segment.carriedAt = segment.pinnedAt = undefined
    this.#with.gone(segment)
  }

  /** Resolves when the frame is durable; from then on the journal is held until the change is done. */
  #journalled(segment: Segment, kind: 'seal' | 'truncate' | 'forget', offset: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#with.journal.push({
        kind,
        segment: segment.idBytes,
        offset,
        payload: undefined,
        payloadChecksum: 0,
        durable: (position) => {
          segment.pinnedAt = Math.min(position, segment.pinnedAt ?? position)
          resolve()
        },
        refused: reject,
      })
    })
  }

  /** Memory and file end at `end`, both durable. */
  async #cut(segment: Segment, end: number): Promise<void> {
    const { cache, flusher, handles, disk, journal } = this.#with
    segment.cutCount++
    cache.cut(segment.run, end)
    segment.durableEnd = segment.nextOffset = end
    if (segment.commit > end) {
      segment.commit = end
      journal.unride(segment.id) // it says more than there is now
    }
    await handles.drop(segment)
    await flusher.flush(segment)
    if (segment.flushedEnd < end) throw givenUp(segment)
    if (segment.tally.endOffset > end) {
      segment.tally.rewind(end)
      if (segment.tally.endOffset < end) await extendFrom(disk, segment, end)
      invariant(segment.tally.endOffset === end, 'a cut is where a batch ends', { end, at: segment.tally.endOffset })
      await segment.file.truncate(segment.tally.endPosition)
    }
    segment.resetToTally()
  }

  /** The end must be one that the segment holds, and where a batch ends. */
  async #checkEnd(segment: Segment, end: number): Promise<void> {
    if (end < segment.startOffset) throw offsetGap(segment.id, 'an end below the start:', end, segment.startOffset)
    if (end > segment.durableEnd) throw offsetGap(segment.id, 'an end above what is here:', end, segment.durableEnd)
    if (end === segment.durableEnd || end === segment.startOffset) return
    // What the file must give again for the cut is proven there, before the journal holds every start to it.
    const [held] = end < segment.flushedEnd ? [] : segment.run.from(end)
    const boundary = held?.baseOffset ?? (await this.#boundaryInFile(segment, end))
    if (boundary !== end) throw offsetGap(segment.id, 'no batch ends at', end, boundary)
  }

  /** Where the first batch ends that ends at or above `end`; what is verified before it otherwise. */
  async #boundaryInFile(segment: Segment, end: number): Promise<number> {
    let opened = false
    try {
      return await this.#with.handles.use(segment, ({ file }) => {
        opened = true
        return searchBoundary(segment, file, end)
      })
    } catch (error) {
      if (!isEastGuardError(error)) throw error
      // H46: a sector that cannot be read concerns one segment, not the store.
      if (opened || error.code === 'EG_DISK_NOT_FOUND') segment.foundDamage(segment.bodyPosition, error.message)
      return segment.startOffset
    }
  }
}

/** Sealing does not read what stays: damage that was found there is there. What lay behind the end has been cut. */
function damagedBelow({ damage, file, tally }: Segment): boolean {
  return damage !== undefined && damage.file === file.path && damage.position < tally.endPosition
}

async function extendFrom(disk: Disk, segment: Segment, end: number): Promise<void> {
  const file = await disk.open(segment.file.path, 'read')
  try {
    await extendTally(file, segment.tally, segment.idBytes, end)
  } finally {
    await file.close()
  }
}

async function searchBoundary(segment: Segment, file: DiskFile, end: number): Promise<number> {
  const { index } = segment.tally
  const first = { offset: segment.startOffset, position: segment.bodyPosition }
  const start = index[findByOffset(index, end)] ?? first
  const walker = new FileWalker(file, segment.idBytes, start, segment.flushedPosition)
  let offset = start.offset
  while (offset < end) {
    const { position } = walker
    const batch = await walker.next(65_536)
    if (batch === undefined) break
    if (batch === 'damaged' || batch.endOffset === undefined) {
      segment.foundDamage(position, 'no batch of this segment stands here')
      break
    }
    offset = batch.endOffset
  }
  return offset
}

/** Why a write to the segment's file was not done: nobody wants it any more. */
function givenUp(segment: Segment): Error {
  return segment.leaving ? segmentUnknown(segment.id) : storeClosed()
}
