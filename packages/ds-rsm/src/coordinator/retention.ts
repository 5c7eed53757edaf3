import type { TopicPolicy } from '../vnode/policy.ts'
import type { SegmentRow, TopicRow } from '../vnode/rows.ts'
import type { RangeEntry } from '../vnode/state.ts'
import { command, type Findings } from './action.ts'
import type { CoordinatorView, SegmentReport } from './view.ts'

/** Segments that one trim takes at most: one that removes more would hold up everybody else's turn. */
const trimSegmentsMax = 1_000

/**
 * What has served its time in a range, by age or by bytes. Sealed segments, and always a prefix.
 * @param active the store's report of the active segment
 */
export function retention(
  view: CoordinatorView,
  topic: TopicRow,
  range: RangeEntry,
  active: SegmentReport | undefined,
  found: Findings,
): void {
  const { retentionMs, retentionBytes } = topic.policy
  if (retentionMs === null && retentionBytes === null) return // H60: none means none
  const { segments } = range
  const count = expiredCount(view, topic.policy, range, active?.bytes ?? 0)
  if (count === 0) return
  const { epoch } = view.state.vnode
  const below = segments.at(count).segment
  found.actions.push(command({ kind: 'trimRange', epoch, topic: topic.id, range: range.row.range, below }))
}

/** P16: since the seal, in vNode time. Neither a producer's timestamps nor a wall clock can make it early. */
function isExpired(segment: SegmentRow, retentionMs: number | null, vnodeTime: number): boolean {
  if (retentionMs === null || segment.sealedVNodeTime === null) return false
  return vnodeTime - segment.sealedVNodeTime >= retentionMs
}

/** @returns how many of the oldest segments go; the active one, and whatever follows what stays, never does */
function expiredCount(view: CoordinatorView, policy: TopicPolicy, range: RangeEntry, activeBytes: number): number {
  const { segments } = range
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
