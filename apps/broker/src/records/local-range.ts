import { formatSegmentId, type RangeEntry, type SegmentId, type TopicId } from '@eastguard/ds-rsm'
import type { Offset, SegmentStore } from '@eastguard/segment-store'
import { describePlace } from './place.ts'
import type { RangeLog } from './range-log.ts'
import type { RangeRead, RangeReader } from './range-reader.ts'
import { type ChainLink, SegmentChain } from './segment-chain.ts'

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
  readonly #store: SegmentStore
  readonly #chain: SegmentChain
  #replicaCount: number
  #deleted = false

  constructor(entry: RangeEntry, log: RangeLog, store: SegmentStore) {
    const { topic, range, keyHashFirst, keyHashLast } = entry.row
    this.topic = topic
    this.range = range
    this.interval = { first: keyHashFirst, last: keyHashLast }
    this.log = log
    this.#store = store
    this.#chain = new SegmentChain(entry)
    this.#replicaCount = entry.segments.active.replicas.length
  }

  /** Takes over what the committed metadata says now. */
  follow(entry: RangeEntry): void {
    this.#chain.follow(entry)
    this.#replicaCount = entry.segments.active.replicas.length
    // A segment is sealed at an end that every copy has: all below its successor is committed.
    this.log.committedTo(this.#chain.active.startOffset)
  }

  /** The topic is gone. */
  delete(): void {
    this.#deleted = true
  }

  /** Of the oldest record kept. */
  get startOffset(): Offset {
    return this.#chain.startOffset
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
      if (this.#deleted) return { kind: 'deleted' }
      const found = this.#chain.find(offset)
      if (found === undefined) return { kind: 'trimmed', startOffset: this.startOffset }
      const id = this.#idOf(found.link)
      const answer = await this.#store.read(id, offset, bytesMax)
      switch (answer.kind) {
        case 'records':
          return { kind: 'records', segment: id, parts: answer.parts, endOffset: answer.endOffset }
        case 'end':
          // The metadata's end is the end (H37): the store may not have heard of the seal yet.
          if (found.end === undefined || offset < found.end) return { kind: 'end' }
          offset = found.end
          break
        case 'damaged':
          return { kind: 'damaged', place: describePlace(answer.place) }
        case 'notLoaded':
          return { kind: 'notLoaded', reason: answer.reason }
        case 'notHere':
          if (this.#chain.active.segment === found.link.segment) return { kind: 'end' } // nothing was appended yet
          // A trim or a deletion may have come between: look again. Else the file is missing, which is not the end (H58).
          if (!this.#deleted && this.#chain.find(offset)?.link.segment === found.link.segment) {
            return { kind: 'damaged', place: `segment ${id} is missing on this broker` }
          }
      }
    }
  }

  /**
   * Offset of the first batch that holds a record with this timestamp or a later one; the committed end when there is
   * none.
   */
  async findTime(time: number): Promise<Offset> {
    for (const link of [...this.#chain]) {
      const id = this.#idOf(link)
      const status = this.#store.status(id)
      if (status === undefined || status.recordCount === 0 || status.maxTimestamp < time) continue
      const found = await this.#store.findTime(id, time)
      if (found !== undefined && found < this.committedEnd) return found
    }
    return this.committedEnd
  }

  #idOf({ segment }: ChainLink): SegmentId {
    return formatSegmentId({ topic: this.topic, range: this.range, segment })
  }
}
