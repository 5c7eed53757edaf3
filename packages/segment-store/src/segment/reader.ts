import { isEastGuardError } from '@eastguard/kernel'
import { batchMaxTimestamp } from '@eastguard/record'
import type { ReadAnswer } from '../answers.ts'
import type { Offset } from '../segment-id.ts'
import { FileWalker } from './file-walker.ts'
import { loadIndex, type ReadHandle, type ReadHandles } from './read-handles.ts'
import type { Segment } from './segment.ts'
import { findByOffset, findByTime, indexStrideBytes } from './sparse-index.ts'

/** A read that is disturbed by cuts more often than this says so. */
const attemptsMax = 3

/** Cache, then file. What comes from a file is verified before it is served; what does not verify is never the end. */
export class Reader {
  readonly #handles: ReadHandles

  constructor(handles: ReadHandles) {
    this.#handles = handles
  }

  async read(segment: Segment, from: Offset, bytesMax: number): Promise<ReadAnswer> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const answer = this.#atOnce(segment, from, bytesMax)
      if (answer !== undefined) return answer
      const cuts = segment.cutCount
      const read = await this.#fromFile(segment, from, bytesMax)
      if (segment.leaving) return { kind: 'notHere' }
      if (segment.cutCount === cuts) return read
    }
    return { kind: 'notLoaded', reason: 'the segment was cut while it was read' }
  }

  /**
   * The first committed batch with a record at or after `time` (by the batches' largest record timestamps).
   * @returns its base offset; where damage hides the answer, an offset at or before it, whose read tells the damage
   */
  async findTime(segment: Segment, time: number): Promise<Offset | undefined> {
    const end = segment.readableEnd
    if (segment.startOffset >= end) return undefined
    let from = segment.startOffset
    for (;;) {
      const inMemoryFrom = Math.min(end, segment.run.first?.baseOffset ?? segment.durableEnd)
      if (from >= inMemoryFrom) break
      const found = await this.#findInFile(segment, time, inMemoryFrom)
      if (found !== undefined) return found
      from = inMemoryFrom // and what has left memory while the file was searched is searched there
    }
    for (const batch of segment.run.from(from)) {
      if (batch.endOffset > end) return undefined
      if (batch.maxTimestamp >= time) return batch.baseOffset
    }
    return undefined
  }

  /** What needs no file; undefined when it does. */
  #atOnce(segment: Segment, from: Offset, bytesMax: number): ReadAnswer | undefined {
    if (from < segment.startOffset) return { kind: 'notHere' }
    const end = segment.readableEnd
    if (from >= end) {
      if (segment.state === 'damaged' && segment.damage !== undefined) {
        return { kind: 'damaged', place: segment.damage }
      }
      return { kind: 'end', offset: end, sealed: segment.state === 'sealed' }
    }
    const parts: Uint8Array[] = []
    let [bytes, firstOffset, endOffset] = [0, from, from]
    for (const batch of segment.run.from(from)) {
      if (batch.endOffset > end || (parts.length > 0 && bytes + batch.bytes.length > bytesMax)) break
      if (parts.length === 0) firstOffset = batch.baseOffset
      parts.push(batch.bytes)
      bytes += batch.bytes.length
      endOffset = batch.endOffset
    }
    if (parts.length > 0) return { kind: 'records', parts, firstOffset, endOffset }
    // In memory, and its batch not committed as a whole.
    const first = segment.run.first
    if (first !== undefined && from >= first.baseOffset) return { kind: 'end', offset: end, sealed: false }
    return undefined
  }

  async #fromFile(segment: Segment, from: Offset, bytesMax: number): Promise<ReadAnswer> {
    let opened = false
    try {
      return await this.#handles.use(segment, (handle) => {
        opened = true
        return this.#walk(segment, handle, from, bytesMax)
      })
    } catch (error) {
      if (!isEastGuardError(error)) throw error
      // Too many open files, say: that says nothing about the bytes.
      if (!opened && error.code !== 'EG_DISK_NOT_FOUND') return { kind: 'notLoaded', reason: error.message }
      // A sector that cannot be read is damage; nothing was written, so nothing else is in doubt.
      return { kind: 'damaged', place: segment.foundDamage(segment.bodyPosition, error.message) }
    }
  }

  async #walk(segment: Segment, handle: ReadHandle, from: Offset, bytesMax: number): Promise<ReadAnswer> {
    const end = Math.min(segment.readableEnd, segment.flushedEnd)
    const walker = await this.#walkerAt(segment, handle, from)
    const parts: Uint8Array[] = []
    let [bytes, firstOffset, endOffset] = [0, from, from]
    let bad: { readonly position: number; readonly reason: string } | undefined // a batch whose body is bad, and whether it holds `from` only the next one tells
    for (;;) {
      const ahead = Math.max(Math.min(bytesMax - bytes, 4 * 1024 * 1024), indexStrideBytes)
      const { position } = walker
      const batch = await walker.next(ahead)
      if (batch === 'damaged') bad ??= { position, reason: 'no batch of this segment stands here' }
      if (batch === undefined || batch === 'damaged') break
      if (bad !== undefined && batch.baseOffset > from) break
      if (batch.endOffset === undefined) {
        bad = { position, reason: 'the checksum of the batch does not hold' }
        if (parts.length > 0) break
        continue
      }
      bad = undefined
      if (batch.endOffset <= from) continue
      if (batch.endOffset > end || (parts.length > 0 && bytes + batch.bytes.length > bytesMax)) break
      if (parts.length === 0) firstOffset = batch.baseOffset
      parts.push(batch.bytes)
      bytes += batch.bytes.length
      endOffset = batch.endOffset
      handle.hint = { offset: endOffset, position: walker.position, maxTimestampBefore: 0 }
      if (bytes >= bytesMax) break
    }
    if (parts.length > 0) return { kind: 'records', parts, firstOffset, endOffset }
    if (bad === undefined) return { kind: 'end', offset: end, sealed: false }
    return { kind: 'damaged', place: segment.foundDamage(bad.position, bad.reason) }
  }

  async #walkerAt(segment: Segment, handle: ReadHandle, from: Offset): Promise<FileWalker> {
    const index = await loadIndex(segment, handle)
    const { hint } = handle
    const entry = index[findByOffset(index, from)]
    const start = hint !== undefined && hint.offset <= from && hint.offset >= (entry?.offset ?? 0) ? hint : entry
    const first = { offset: segment.startOffset, position: segment.bodyPosition }
    return new FileWalker(handle.file, segment.idBytes, start ?? first, segment.flushedPosition)
  }

  async #findInFile(segment: Segment, time: number, end: Offset): Promise<Offset | undefined> {
    return await this.#handles.use(segment, async (handle) => {
      const index = await loadIndex(segment, handle)
      const start = index[findByTime(index, time)] ?? { offset: segment.startOffset, position: segment.bodyPosition }
      const walker = new FileWalker(handle.file, segment.idBytes, start, segment.flushedPosition)
      let offset = start.offset
      while (offset < end) {
        const batch = await walker.next(indexStrideBytes * 4)
        if (batch === undefined) return undefined
        if (batch === 'damaged' || batch.endOffset === undefined) return offset
        if (batch.endOffset > end) return undefined
        if (batchMaxTimestamp(batch.bytes) >= time) return batch.baseOffset
        offset = batch.endOffset
      }
      return undefined
    })
  }
}
