import { formatSegmentId, type SegmentId, type TopicId } from '../ids.ts'
import type { SegmentRow, TopicRow } from './rows.ts'
import type { RangeEntry, TopicEntry, VNodeState } from './state.ts'

// Answers about the state, by page, none of which walks over more than it returns. What is still being written (the end
// and the bytes of active segments) only the segment's leader knows; the caller adds it.

export interface RangeView {
  readonly range: number
  readonly keyHashFirst: number
  readonly keyHashLast: number
  /** Of the oldest record that has not been trimmed. */
  readonly startOffset: number
  /** Active and sealed. */
  readonly segmentCount: number
  readonly sealedBytes: number
  readonly active: SegmentRow
}

export interface TopicPage {
  readonly topic: TopicRow
  readonly rangeCount: number
  readonly ranges: readonly RangeView[]
  /** Ask again with `afterRange` of this; absent on the last page. */
  readonly next?: number
}

export function describeRange(entry: RangeEntry): RangeView {
  const { row, segments } = entry
  return {
    range: row.range,
    keyHashFirst: row.keyHashFirst,
    keyHashLast: row.keyHashLast,
    startOffset: segments.first.startOffset,
    segmentCount: segments.count,
    sealedBytes: segments.sealedBytes,
    active: segments.active,
  }
}

/** Ranges by number, ascending. @returns undefined when no topic here has this name */
export function describeTopic(
  state: VNodeState,
  name: string,
  page: { readonly afterRange?: number; readonly limit: number },
): TopicPage | undefined {
  const entry = state.topicNamed(name)
  if (entry === undefined) return undefined
  const ranges: RangeView[] = []
  const from = page.afterRange === undefined ? 0 : page.afterRange + 1
  let range = from
  for (; range < entry.row.nextRange && ranges.length < page.limit; range++) {
    const found = entry.ranges.get(range)
    if (found !== undefined) ranges.push(describeRange(found))
  }
  const whole = { topic: entry.row, rangeCount: entry.ranges.size, ranges }
  const last = ranges.at(-1)
  return range < entry.row.nextRange && last !== undefined ? { ...whole, next: last.range } : whole
}

export interface TopicSummary {
  readonly topic: TopicRow
  readonly rangeCount: number
  readonly segmentCount: number
  readonly sealedBytes: number
  readonly sealedRecordCount: number
  /** The active segments, one for each range. */
  readonly active: readonly SegmentRow[]
}

export interface NamePage<Item> {
  readonly topics: readonly Item[]
  /** Ask again with `after` of this; absent on the last page. */
  readonly next?: string
}

export interface NamePageRequest {
  /** Names above this one, by code unit. */
  readonly after?: string
  readonly prefix?: string
  readonly limit: number
}

/** Topics by name, ascending. */
export function listTopics(state: VNodeState, page: NamePageRequest): NamePage<TopicSummary> {
  const prefix = page.prefix ?? ''
  const after = page.after ?? ''
  const topics: TopicSummary[] = []
  for (const name of state.namesFrom(after > prefix ? after : prefix)) {
    if (!name.startsWith(prefix)) break
    if (name === page.after) continue
    if (topics.length === page.limit) return withNext(topics)
    const entry = state.topicNamed(name)
    if (entry !== undefined) topics.push(summarize(entry))
  }
  return { topics }
}

/**
 * One page of all vNodes out of a page of each, every one asked for the same `limit`. Names are hashed over the vNodes, so
 * that each page may hold any of them.
 */
export function mergeTopicPages(pages: readonly NamePage<TopicSummary>[], limit: number): NamePage<TopicSummary> {
  const all = pages.flatMap((page) => page.topics).sort((a, b) => (a.topic.name < b.topic.name ? -1 : 1))
  const more = all.length > limit || pages.some((page) => page.next !== undefined)
  const topics = all.slice(0, limit)
  return more ? withNext(topics) : { topics }
}

export interface SegmentPage {
  readonly segments: readonly SegmentRow[]
  /** Ask again with `after` of this; absent on the last page. */
  readonly next?: SegmentId
}

/** By range, then number, ascending. @returns undefined when the topic, or the named range, is not here */
export function listSegments(
  state: VNodeState,
  topic: TopicId,
  page: {
    readonly range?: number
    readonly after?: { readonly range: number; readonly segment: number }
    readonly limit: number
  },
): SegmentPage | undefined {
  const entry = state.topic(topic)
  if (entry === undefined || (page.range !== undefined && !entry.ranges.has(page.range))) return undefined
  const segments: SegmentRow[] = []
  const first = Math.max(page.range ?? 0, page.after?.range ?? 0)
  const end = page.range === undefined ? entry.row.nextRange : page.range + 1
  for (let range = first; range < end; range++) {
    const list = entry.ranges.get(range)?.segments
    if (list === undefined) continue
    const from = page.after?.range === range ? page.after.segment + 1 : 0
    for (let i = list.countBelow(from); i < list.count; i++) {
      const last = segments.at(-1)
      if (segments.length === page.limit && last !== undefined) return { segments, next: formatSegmentId(last) }
      segments.push(list.at(i))
    }
  }
  return { segments }
}

/** Three answers where a nullable one would hide which. */
export type FoundSegment =
  | { readonly kind: 'segment'; readonly segment: SegmentRow }
  /** The offset has been trimmed; records start at `startOffset`. */
  | { readonly kind: 'trimmed'; readonly startOffset: number }
  | { readonly kind: 'rangeUnknown' }

/** The segment that holds `offset`; the active one for an offset at or beyond its start. */
export function findSegment(state: VNodeState, topic: TopicId, range: number, offset: number): FoundSegment {
  const segments = state.range(topic, range)?.segments
  if (segments === undefined) return { kind: 'rangeUnknown' }
  const segment = segments.findOffset(offset)
  return segment === undefined
    ? { kind: 'trimmed', startOffset: segments.first.startOffset }
    : { kind: 'segment', segment }
}

/** The segment that goes on where segment `segment` ended (numbers of empty ones are skipped); undefined: none yet. */
export function nextSegment(state: VNodeState, topic: TopicId, range: number, segment: number): SegmentRow | undefined {
  const segments = state.range(topic, range)?.segments
  if (segments === undefined) return undefined
  const index = segments.countBelow(segment + 1)
  return index < segments.count ? segments.at(index) : undefined
}

function summarize(entry: TopicEntry): TopicSummary {
  const views = [...entry.ranges.values()].map(describeRange)
  const sum = (of: (view: RangeView) => number): number => views.reduce((total, view) => total + of(view), 0)
  return {
    topic: entry.row,
    rangeCount: views.length,
    segmentCount: sum((view) => view.segmentCount),
    sealedBytes: sum((view) => view.sealedBytes),
    sealedRecordCount: sum((view) => view.active.startOffset - view.startOffset),
    active: views.map((view) => view.active),
  }
}

function withNext(topics: readonly TopicSummary[]): NamePage<TopicSummary> {
  const last = topics.at(-1)
  return last === undefined ? { topics } : { topics, next: last.topic.name }
}
