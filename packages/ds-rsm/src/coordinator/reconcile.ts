import { segmentNameOf } from '../ids.ts'
import { classifySegment } from '../vnode/classify.ts'
import type { SegmentRow, TopicRow } from '../vnode/rows.ts'
import type { RangeEntry, TopicEntry } from '../vnode/state.ts'
import { type Findings, request } from './action.ts'
import { retention } from './retention.ts'
import { reconcileActive } from './roll.ts'
import type { CoordinatorView, SegmentReport } from './view.ts'

// Compares what is with what should be. Level-triggered: the same view gives the same findings, whatever happened before,
// so nothing depends on an event having arrived. Where everything is as it should be nothing is found and nothing is
// made: thousands of ranges at rest are looked at every second.

/**
 * @param topics the part of the state to look at
 * @param stored the page of this broker's stored segments to look at; those of other vNodes are left alone
 */
export function reconcile(
  view: CoordinatorView,
  topics: Iterable<TopicEntry>,
  stored: Iterable<SegmentReport>,
): Findings {
  const found: Findings = { actions: [], problems: [] }
  for (const topic of topics) {
    for (const range of topic.ranges.values()) reconcileRange(view, topic.row, range, found)
  }
  for (const report of stored) reconcileStored(view, report, found)
  return found
}

/**
 * A range's active segment, the one before it if its seal has not reached the store, and what has served its time.
 * @param found gets what there is to do, and at most one problem
 */
export function reconcileRange(view: CoordinatorView, topic: TopicRow, range: RangeEntry, found: Findings): void {
  const { segments } = range
  const { lastSealedId } = segments
  if (lastSealedId !== undefined) {
    const report = view.reports.status(lastSealedId)
    if (report !== undefined) sealStored(segments.at(segments.count - 2), report, found)
  }
  const active = view.reports.status(segments.activeId)
  reconcileActive(view, topic, range, active, found)
  retention(view, topic, range, active, found)
}

/** A stored segment against what its owner knows of it. */
export function reconcileStored(view: CoordinatorView, report: SegmentReport, found: Findings): void {
  const name = segmentNameOf(report.id)
  switch (classifySegment(view.state, name)) {
    case 'live': {
      const row = view.state.segment(name.topic, name.range, name.segment)
      if (row !== undefined) sealStored(row, report, found)
      return
    }
    case 'deleted':
      // P17: only because a committed command removed it.
      found.actions.push(request({ kind: 'forget', segment: report.id }))
      return
    case 'notMinted':
      found.problems.push({ kind: 'notMinted', key: report.id, segment: report.id })
      return
    case 'notMine':
      return
  }
}

/** The metadata's end wins (H37): a copy that is not sealed is cut there and sealed. */
function sealStored(row: SegmentRow, report: SegmentReport, found: Findings): void {
  if (row.endOffset === null || report.state === 'sealed' || report.state === 'damaged') return
  found.actions.push(request({ kind: 'seal', segment: report.id, end: row.endOffset }))
}
