import { formatSegmentId } from '../ids.ts'
import type { SegmentList } from '../vnode/segment-list.ts'
import type { RangeEntry, TopicEntry } from '../vnode/state.ts'
import { type Action, command } from './action.ts'
import type { CoordinatorView } from './view.ts'

/** Segments that one trim takes at most: what removes more would hold up everybody else's turn. */
const trimSegmentsMax = 1_000

/**
 * What has served its time in a topic: by age for each range, and by bytes for the topic as a whole, oldest first. Sealed
 * segments only, and always a prefix.
 */
export function retention(view: CoordinatorView, topic: TopicEntry): Action[] {
  const counts = new Map<RangeEntry, number>()
  for (const range of topic.ranges.values()) counts.set(range, expiredByAge(view, topic, range.segments))
  dropByBytes(view, topic, counts)
  const actions: Action[] = []
  for (const [range, count] of counts) {
    if (count === 0) continue
    const below = range.segments.at(Math.min(count, trimSegmentsMax)).segment
    const epoch = view.state.vnode.epoch
    actions.push(command({ kind: 'trimRange', epoch, topic: topic.row.id, range: range.row.range, below }))
  }
  return actions
}

/** P16: since the seal, in vNode time. Neither a producer's timestamps nor a wall clock can make it early. */
export function isExpired(sealedVNodeTime: number, retentionMs: number, vnodeTime: number): boolean {
  return vnodeTime - sealedVNodeTime >= retentionMs
}

/** @returns how many of the oldest segments have expired */
function expiredByAge(view: CoordinatorView, topic: TopicEntry, segments: SegmentList): number {
  const { retentionMs } = topic.row.policy
  if (retentionMs === null) return 0 // H60: none means none
  const last = Math.min(segments.count - 1, trimSegmentsMax)
  let count = 0
  while (count < last) {
    const { sealedVNodeTime } = segments.at(count)
    if (sealedVNodeTime === null || !isExpired(sealedVNodeTime, retentionMs, view.vnodeTime)) break
    count++
  }
  return count
}

/** Raises the counts until what remains of the topic fits, taking the segment that was sealed first each time. */
function dropByBytes(view: CoordinatorView, topic: TopicEntry, counts: Map<RangeEntry, number>): void {
  const { retentionBytes } = topic.row.policy
  if (retentionBytes === null) return
  let excess = remainingBytes(view, counts) - retentionBytes
  for (let dropped = 0; excess > 0 && dropped < trimSegmentsMax; dropped++) {
    const oldest = oldestSealed(counts)
    if (oldest === undefined) return
    const count = counts.get(oldest) ?? 0
    excess -= oldest.segments.at(count).bytes
    counts.set(oldest, count + 1)
  }
}

function remainingBytes(view: CoordinatorView, counts: ReadonlyMap<RangeEntry, number>): number {
  let bytes = 0
  for (const [{ segments }, count] of counts) {
    bytes += segments.sealedBytes + (view.reports.status(formatSegmentId(segments.active))?.bytes ?? 0)
    for (let i = 0; i < count; i++) bytes -= segments.at(i).bytes
  }
  return bytes
}

/** The range whose next segment to go was sealed first; the lower number among equals. */
function oldestSealed(counts: ReadonlyMap<RangeEntry, number>): RangeEntry | undefined {
  let oldest: RangeEntry | undefined
  let oldestTime = Number.POSITIVE_INFINITY
  for (const [range, count] of counts) {
    const { sealedVNodeTime } = range.segments.at(count)
    if (sealedVNodeTime === null || sealedVNodeTime >= oldestTime) continue
    oldest = range
    oldestTime = sealedVNodeTime
  }
  return oldest
}
