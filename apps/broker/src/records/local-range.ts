import {
  findSegment,
  formatSegmentId,
  type RangeEntry,
  type SegmentId,
  type SegmentRow,
  type TopicId,
  topicBirth,
} from '@eastguard/ds-rsm'
import type { Offset, SegmentStore } from '@eastguard/segment-store'
import type { Metadata } from '../metadata/metadata.ts'
import { describePlace } from './place.ts'
import type { RangeLog } from './range-log.ts'
import type { RangeRead, RangeReader } from './range-reader.ts'

/** The interval of key hashes that a range covers; both ends belong to it. */
export interface HashInterval {
  readonly first: number
  readonly last: number
}

// One range whose segments this broker holds: its log for writers, and reading over its chain of segments.
export class LocalRange implements RangeReader {
  readonly topic: TopicId
  readonly range: number
  readonly interval: HashInterval
  readonly log: RangeLog
  readonly #metadata: Metadata
  readonly #store: SegmentStore
  #startOffset: Offset
  #replicaCount: number

  constructor(entry: RangeEntry, log: RangeLog, metadata: Metadata, store: SegmentStore) {
    const { topic, range, keyHashFirst, keyHashLast } = entry.row
    this.topic = topic
    this.range = range
    this.interval = { first: keyHashFirst, last: keyHashLast }
    this.log = log
    this.#metadata = metadata
    this.#store = store
    this.#startOffset = entry.segments.first.startOffset
    this.#replicaCount = entry.segments.active.replicas.length
  }

  /** Takes over what the committed metadata says now. */
  follow({ segments }: RangeEntry): void {
    this.#startOffset = segments.first.startOffset
    this.#replicaCount = segments.active.replicas.length
    // A segment is sealed at an end that every copy has: all below its successor is committed.
    this.log.committedTo(segments.active.startOffset)
  }

  /** Of the oldest record kept. */
  get startOffset(): Offset {
    return this.#startOffset
  }

  /** Copies that a record has when it is acknowledged. */
  get replicaCount(): number {
    return this.#replicaCount
  }

  get committedEnd(): Offset {
    return this.log.committedEnd
  }

  onCommit(listener: () => void): Disposable {
    return this.log.onCommit(listener)
  }

  async read(from: Offset, bytesMax: number): Promise<RangeRead> {
    for (let offset = from; ; ) {
      const place = await this.#find(offset)
      if (place.kind !== 'segment') return place
      const { id, row } = place
      const answer = await this.#store.read(id, offset, bytesMax)
      switch (answer.kind) {
        case 'records':
          return { kind: 'records', segment: id, parts: answer.parts, endOffset: answer.endOffset }
        case 'end':
          // The metadata's end is the end (H37): the store may not have heard of the seal yet.
          if (row.endOffset === null || offset < row.endOffset) return { kind: 'end' }
          offset = row.endOffset
          break
        case 'damaged':
          return { kind: 'damaged', place: describePlace(answer.place) }
        case 'notLoaded':
          return { kind: 'notLoaded', reason: answer.reason }
        case 'notHere':
          if (row.state === 'active') return { kind: 'end' } // nothing has been appended to it yet
          if (await this.#isGone(row)) break // a trim came between: ask again where the range starts
          return { kind: 'damaged', place: `segment ${id} is missing on this broker` }
      }
    }
  }

  /**
   * Offset of the first batch that holds a record with this timestamp or a later one; the committed end when there is
   * none.
   */
  async findTime(time: number): Promise<Offset> {
    const rows = await this.#rows()
    for (const row of rows) {
      const id = formatSegmentId(row)
      const status = this.#store.status(id)
      if (status === undefined || status.recordCount === 0 || status.maxTimestamp < time) continue
      const found = await this.#store.findTime(id, time)
      if (found !== undefined && found < this.committedEnd) return found
    }
    return this.committedEnd
  }

  async #find(
    offset: Offset,
  ): Promise<
    | { readonly kind: 'segment'; readonly id: SegmentId; readonly row: SegmentRow }
    | { readonly kind: 'trimmed'; readonly startOffset: Offset }
    | { readonly kind: 'deleted' }
  > {
    const { topic, range } = this
    const found = await this.#metadata.read(topicBirth(topic), (state) => findSegment(state, topic, range, offset))
    switch (found.kind) {
      case 'segment':
        return { kind: 'segment', id: formatSegmentId(found.segment), row: found.segment }
      case 'trimmed':
        return found
      case 'rangeUnknown':
        return { kind: 'deleted' }
    }
  }

  async #isGone(row: SegmentRow): Promise<boolean> {
    const place = await this.#find(row.startOffset)
    return place.kind !== 'segment' || place.row.segment !== row.segment
  }

  /** Oldest first. */
  #rows(): Promise<readonly SegmentRow[]> {
    const { topic, range } = this
    return this.#metadata.readTopic(topic, ({ ranges }) => {
      const segments = ranges.get(range)?.segments
      return segments === undefined ? [] : Array.from({ length: segments.count }, (_, index) => segments.at(index))
    })
  }
}
