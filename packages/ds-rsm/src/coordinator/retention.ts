import { formatSegmentId } from '../ids.ts'
import type { TopicPolicy } from '../vnode/policy.ts'
import type { SegmentRow } from '../vnode/rows.ts'
import type { RangeEntry, TopicEntry } from '../vnode/state.ts'
import { type Action, command } from './action.ts'
import type { CoordinatorView } from './view.ts'

/** Segments that one trim takes at most: one that removes more would hold up everybody else's turn. */
const trimSegmentsMax = 1_000

/** What has served its time in each range of a topic, by age or by bytes. Sealed segments, and always a prefix. */
export function retention(view: CoordinatorView, topic: TopicEntry): Action[] {
  const { retentionMs, retentionBytes } = topic.row.policy
  if (retentionMs === null && retentionBytes === null) return [] // H60: none means none
  const actions: Action[] = []
  for (const range of topic.ranges.values()) {
    const count = expiredCount(view, topic.row.policy, range)
    if (count === 0) continue
    const { epoch } = view.state.vnode
    const below = range.segments.at(count).segment
    actions.push(command({ kind: 'trimRange', epoch, topic: topic.row.id, range: range.row.range, below }))
  }
  return actions
}

/** P16: since the seal, in vNode time. Neither a producer's timestamps nor a wall clock can make it early. */
function isExpired(segment: SegmentRow, retentionMs: number | null, vnodeTime: number): boolean {
  if (retentionMs === null || segment.sealedVNodeTime === null) return false
  return vnodeTime - segment.sealedVNodeTime >= retentionMs
}

/** @returns how many of the oldest segments go; the active one, and whatever follows what stays, never does */
function expiredCount(view: CoordinatorView, policy: TopicPolicy, range: RangeEntry): number {
  const { segments } = range
  const activeBytes = view.reports.status(formatSegmentId(segments.active))?.bytes ?? 0
  let remainingBytes = segments.sealedBytes + activeBytes
  const sealedCount = Math.min(segments.count - 1, trimSegmentsMax)
  for (let count = 0; count < sealedCount; count++) {
    const segment = segments.at(count)
    const tooMuch = policy.retentionBytes !== null && remainingBytes > policy.retentionBytes
    if (!tooMuch && !isExpired(segment, policy.retentionMs, view.vnodeTime)) return count
    remainingBytes -= segment.bytes
  }
  return sealedCount
}
