import { invariant } from '@eastguard/kernel'
import { formatSegmentId, type SegmentId, topicBirth, topicCounter } from '../ids.ts'
import { requestCountMax } from './apply-topic.ts'
import { isNode, tilesSpace } from './keyspace.ts'
import { policyProblem } from './policy.ts'
import type { SegmentRow } from './rows.ts'
import type { RangeEntry, TopicEntry, VNodeState } from './state.ts'

// What always holds, one function each. They walk over everything: for tests and the simulator, after every step.

/** @throws the first invariant that does not hold */
export function assertInvariants(state: VNodeState): void {
  for (const topic of state.topics()) {
    topicLiesInArc(state, topic)
    topicIsMinted(state, topic)
    nameLeadsToTopic(state, topic)
    policyIsInBounds(topic)
    rangesTileKeyspace(topic)
    for (const range of topic.ranges.values()) {
      rangeIsMinted(topic, range)
      exactlyOneActiveSegment(range)
      offsetsAreContinuous(range)
      segmentNumbersAscend(range)
      sealedSegmentsAreComplete(state, range)
      sealedBytesAddUp(range)
    }
  }
  namesAscend(state)
  segmentsAreCounted(state)
  requestsAreBounded(state)
}

function topicLiesInArc(state: VNodeState, { row }: TopicEntry): void {
  invariant(state.ownsName(row.name), "a topic lies in its vNode's arc", { name: row.name })
}

function topicIsMinted(state: VNodeState, { row }: TopicEntry): void {
  const minted = topicBirth(row.id) === state.id && topicCounter(row.id) < state.vnode.nextTopic
  invariant(minted, 'a topic id is below its counter', { topic: row.id })
}

function nameLeadsToTopic(state: VNodeState, topic: TopicEntry): void {
  invariant(state.topicNamed(topic.row.name) === topic, 'a name leads to its only topic', { topic: topic.row.id })
}

function policyIsInBounds({ row }: TopicEntry): void {
  invariant(policyProblem(row.policy) === undefined, 'a stored policy is complete and in bounds', { topic: row.id })
}

function rangesTileKeyspace({ row, ranges }: TopicEntry): void {
  const pieces = [...ranges.values()].map((range) => ({ first: range.row.keyHashFirst, last: range.row.keyHashLast }))
  invariant(tilesSpace(pieces) && pieces.every(isNode), 'active ranges tile the keyspace exactly', { topic: row.id })
}

function rangeIsMinted(topic: TopicEntry, { row }: RangeEntry): void {
  invariant(row.range < topic.row.nextRange, 'a range number is below its counter', { range: row.range })
}

function exactlyOneActiveSegment({ row, segments }: RangeEntry): void {
  const active = [...each(segments)].filter((segment) => segment.state === 'active')
  const last = active.length === 1 && active[0] === segments.active
  invariant(last, 'an active range has exactly one active segment, the last', { topic: row.topic, range: row.range })
}

function offsetsAreContinuous({ row, segments }: RangeEntry): void {
  for (let i = 1; i < segments.count; i++) {
    const fits = segments.at(i - 1).endOffset === segments.at(i).startOffset
    invariant(fits, 'a segment starts where the one before it ends', { topic: row.topic, range: row.range, index: i })
  }
}

function segmentNumbersAscend({ row, segments }: RangeEntry): void {
  for (let i = 1; i < segments.count; i++) {
    const above = segments.at(i - 1).segment < segments.at(i).segment
    invariant(above, 'segment numbers ascend', { topic: row.topic, range: row.range, index: i })
  }
}

function sealedSegmentsAreComplete(state: VNodeState, { segments }: RangeEntry): void {
  for (const segment of each(segments)) {
    const { endOffset, sealedAt, sealedVNodeTime, startOffset, bytes } = segment
    const complete =
      segment.state === 'active'
        ? endOffset === null && sealedAt === null && sealedVNodeTime === null && bytes === 0
        : endOffset !== null && endOffset > startOffset && sealedAt !== null && bytes > 0
    const past = segment.createdVNodeTime <= state.vnode.vnodeTime && (sealedVNodeTime ?? 0) <= state.vnode.vnodeTime
    invariant(complete && past, 'a sealed segment has its end, an active one has none', {
      segment: formatSegmentId(segment),
    })
  }
}

function sealedBytesAddUp({ row, segments }: RangeEntry): void {
  let bytes = 0
  for (const segment of each(segments)) bytes += segment.bytes
  invariant(bytes === segments.sealedBytes, 'sealed bytes add up', { topic: row.topic, range: row.range })
}

function namesAscend(state: VNodeState): void {
  let before: string | undefined
  let count = 0
  for (const name of state.namesFrom('')) {
    invariant(before === undefined || before < name, 'names ascend', { name })
    before = name
    count++
  }
  invariant(count === state.topicCount, 'every topic is listed once', { count, topics: state.topicCount })
}

function segmentsAreCounted(state: VNodeState): void {
  let count = 0
  for (const topic of state.topics()) for (const range of topic.ranges.values()) count += range.segments.count
  invariant(count === state.segmentCount, 'segments are counted', { count, stated: state.segmentCount })
}

function requestsAreBounded(state: VNodeState): void {
  let next = state.vnode.nextRequest - state.requestCount
  for (const { sequence } of state.requests()) {
    invariant(sequence === next, 'requests are remembered in order, without a gap', { sequence })
    next++
  }
  invariant(state.requestCount <= requestCountMax, 'requests are bounded', { count: state.requestCount })
}

/** What must hold between one state and a later one of the same vNode; give it every state, in order. */
export class ForwardInvariants {
  readonly #sealed = new Map<SegmentId, SegmentRow>()
  readonly #gone = new Set<SegmentId>()
  #present = new Set<SegmentId>()
  #marks: readonly number[] = []

  /** @throws the first invariant that does not hold */
  observe(state: VNodeState): void {
    this.marksNeverFall(state)
    const present = new Set<SegmentId>()
    for (const topic of state.topics()) {
      for (const range of topic.ranges.values()) {
        for (const segment of each(range.segments)) {
          const id = formatSegmentId(segment)
          present.add(id)
          this.numbersAreNeverUsedTwice(id)
          this.sealedStaysSealed(id, segment)
        }
      }
    }
    for (const id of this.#present) if (!present.has(id)) this.#gone.add(id)
    this.#present = present
  }

  marksNeverFall(state: VNodeState): void {
    const { epoch, vnodeTime, nextTopic, nextRequest } = state.vnode
    const marks = [epoch, vnodeTime, nextTopic, nextRequest]
    invariant(
      this.#marks.every((mark, i) => mark <= (marks[i] ?? 0)),
      'epoch, time and counters never fall',
      { marks: marks.join() },
    )
    this.#marks = marks
  }

  numbersAreNeverUsedTwice(id: SegmentId): void {
    invariant(!this.#gone.has(id), 'an id is never used twice', { segment: id })
  }

  sealedStaysSealed(id: SegmentId, segment: SegmentRow): void {
    const before = this.#sealed.get(id)
    const same = before === undefined || (segment.state === 'sealed' && segment.endOffset === before.endOffset)
    invariant(same, 'a sealed segment keeps its end', { segment: id })
    if (segment.state === 'sealed') this.#sealed.set(id, segment)
  }
}

function* each(segments: RangeEntry['segments']): Generator<SegmentRow> {
  for (let i = 0; i < segments.count; i++) yield segments.at(i)
}
