import { encodeUtf8, invariant, murmur3 } from '@eastguard/kernel'
import type { RequestId, TopicId, VNodeId } from '../ids.ts'
import { ReplicaLists } from './replica-lists.ts'
import type { RangeRow, RequestRow, RowWrite, SegmentRow, TopicRow, VNodeRow } from './rows.ts'
import { SegmentList } from './segment-list.ts'
import { SortedNames } from './sorted-names.ts'

/** A range with its segments. Lent: it goes on changing. */
export interface RangeEntry {
  readonly row: RangeRow
  readonly segments: SegmentList
}

/** A topic with its ranges, by number, ascending. Lent: it goes on changing. */
export interface TopicEntry {
  readonly row: TopicRow
  readonly ranges: ReadonlyMap<number, RangeEntry>
}

type MutableTopicEntry = { row: TopicRow; readonly ranges: Map<number, RangeEntry> }

/**
 * One vNode in memory: its rows, indexed. Only `write` changes it, and never by half of a command: `apply` decides all
 * writes first. It holds nothing that its rows do not say (`snapshot.ts`).
 */
export class VNodeState {
  #vnode: VNodeRow
  readonly #topics = new Map<TopicId, MutableTopicEntry>()
  readonly #topicByName = new Map<string, TopicId>()
  readonly #names = new SortedNames()
  readonly #requests = new Map<RequestId, RequestRow>()
  #segmentCount = 0
  /** One list for all segments that sit on the same seats. */
  readonly replicaLists: ReplicaLists = new ReplicaLists()

  constructor(vnode: VNodeRow) {
    this.#vnode = vnode
  }

  get id(): VNodeId {
    return this.#vnode.id
  }

  get vnode(): VNodeRow {
    return this.#vnode
  }

  get topicCount(): number {
    return this.#topics.size
  }

  /** Active and sealed. */
  get segmentCount(): number {
    return this.#segmentCount
  }

  get requestCount(): number {
    return this.#requests.size
  }

  /** Whether a name's hash lies in this vNode's arc. */
  ownsHash(nameHash: number): boolean {
    return nameHash >= this.#vnode.arcStart && nameHash < this.#vnode.arcEnd
  }

  ownsName(name: string): boolean {
    return this.ownsHash(topicNameHash(name))
  }

  topic(id: TopicId): TopicEntry | undefined {
    return this.#topics.get(id)
  }

  topicNamed(name: string): TopicEntry | undefined {
    const id = this.#topicByName.get(name)
    return id === undefined ? undefined : this.#topics.get(id)
  }

  range(topic: TopicId, range: number): RangeEntry | undefined {
    return this.#topics.get(topic)?.ranges.get(range)
  }

  segment(topic: TopicId, range: number, segment: number): SegmentRow | undefined {
    return this.range(topic, range)?.segments.find(segment)
  }

  /** In the order of their creation. What is created while they are read comes last, what is deleted no more. */
  topics(): Iterable<TopicEntry> {
    return this.#topics.values()
  }

  /** Ascending, from the first name that is at least `from`; not to be changed while it is read. */
  namesFrom(from: string): Iterable<string> {
    return this.#names.startingAt(from)
  }

  request(id: RequestId): RequestRow | undefined {
    return this.#requests.get(id)
  }

  /** Oldest first. */
  requests(): Iterable<RequestRow> {
    return this.#requests.values()
  }

  /** Takes over one row. Rows of a topic come after the topic's, those of a range in order of their numbers. */
  write(write: RowWrite): void {
    switch (write.kind) {
      case 'vnode':
        this.#vnode = write.row
        return
      case 'topic':
        this.#writeTopic(write.row)
        return
      case 'range':
        this.#writeRange(write.row)
        return
      case 'segment':
        this.#writeSegment(write.row)
        return
      case 'request':
        this.#requests.set(write.row.requestId, write.row)
        return
      case 'topicGone':
        this.#removeTopic(write.topic)
        return
      case 'segmentsGone':
        this.#removeSegments(write.topic, write.range, write.from, write.below)
        return
      case 'segmentReplaced':
        this.#rangeOf(write.row.topic, write.row.range).segments.replaceActive(write.row)
        return
      case 'requestGone':
        this.#requests.delete(write.row.requestId)
        return
    }
  }

  #writeTopic(row: TopicRow): void {
    const known = this.#topics.get(row.id)
    if (known !== undefined) {
      known.row = row
      return
    }
    this.#topics.set(row.id, { row, ranges: new Map() })
    this.#topicByName.set(row.name, row.id)
    this.#names.add(row.name)
  }

  #writeRange(row: RangeRow): void {
    this.#topicOf(row.topic).ranges.set(row.range, { row, segments: new SegmentList() })
  }

  /** The active segment again (it is sealed now), or the next one. */
  #writeSegment(row: SegmentRow): void {
    const { segments } = this.#rangeOf(row.topic, row.range)
    if (segments.count > 0 && segments.active.segment === row.segment) {
      segments.replaceActive(row)
      return
    }
    invariant(segments.count === 0 || segments.active.segment < row.segment, 'segments are written in order', {
      segment: row.segment,
    })
    segments.push(row)
    this.#segmentCount++
  }

  #removeTopic(id: TopicId): void {
    const topic = this.#topicOf(id)
    for (const range of topic.ranges.values()) this.#segmentCount -= range.segments.count
    this.#topics.delete(id)
    this.#topicByName.delete(topic.row.name)
    this.#names.remove(topic.row.name)
  }

  #removeSegments(topic: TopicId, range: number, from: number, below: number): void {
    const { segments } = this.#rangeOf(topic, range)
    const count = segments.countBelow(below)
    invariant(count === 0 || segments.first.segment >= from, 'what is removed is the oldest', { from, below })
    segments.dropFirst(count)
    this.#segmentCount -= count
  }

  #topicOf(id: TopicId): MutableTopicEntry {
    const topic = this.#topics.get(id)
    invariant(topic !== undefined, 'a row belongs to a topic that is there', { topic: id })
    return topic
  }

  #rangeOf(topic: TopicId, range: number): RangeEntry {
    const entry = this.#topicOf(topic).ranges.get(range)
    invariant(entry !== undefined, 'a row belongs to a range that is there', { topic, range })
    return entry
  }
}

/** MurmurHash3 32, seed 0, over the name's bytes: which vNode owns it. */
export function topicNameHash(name: string): number {
  return murmur3(encodeUtf8(name))
}
