import { formatSegmentId, parseSegmentName } from '../ids.ts'
import { classifySegment } from '../vnode/classify.ts'
import type { SegmentRow } from '../vnode/rows.ts'
import type { RangeEntry, TopicEntry } from '../vnode/state.ts'
import { type Action, type Findings, type Problem, request } from './action.ts'
import { retention } from './retention.ts'
import { reconcileActive } from './roll.ts'
import type { CoordinatorView, SegmentReport } from './view.ts'

/**
 * Compares what is with what should be. Level-triggered: the same view gives the same findings, whatever happened before,
 * so nothing depends on an event having arrived; and when everything is as it should be, there are none.
 * @param topics the page of the state to look at
 * @param stored the page of this broker's stored segments to look at; those of other vNodes are left alone
 */
export function reconcile(
  view: CoordinatorView,
  topics: Iterable<TopicEntry>,
  stored: Iterable<SegmentReport>,
): Findings {
  const actions: Action[] = []
  const problems: Problem[] = []
  const add = (findings: Findings): void => {
    actions.push(...findings.actions)
    problems.push(...findings.problems)
  }
  for (const topic of topics) {
    for (const range of topic.ranges.values()) add(reconcileRange(view, topic, range))
    actions.push(...retention(view, topic))
  }
  for (const report of stored) add(reconcileStored(view, report))
  return { actions, problems }
}

/** A range's active segment, and the one before it if its seal has not reached the store. */
export function reconcileRange(view: CoordinatorView, topic: TopicEntry, range: RangeEntry): Findings {
  const { segments } = range
  const found = reconcileActive(view, topic.row, range)
  if (segments.count < 2) return found
  const before = segments.at(segments.count - 2)
  const report = view.reports.status(formatSegmentId(before))
  return { actions: [...sealStored(before, report), ...found.actions], problems: found.problems }
}

/** A stored segment against what its owner knows of it. */
function reconcileStored(view: CoordinatorView, report: SegmentReport): Findings {
  const name = parseSegmentName(report.id)
  switch (classifySegment(view.state, name)) {
    case 'live': {
      const row = view.state.segment(name.topic, name.range, name.segment)
      return { actions: row === undefined ? [] : sealStored(row, report), problems: [] }
    }
    case 'deleted':
      // P17: only because a committed command removed it.
      return { actions: [request({ kind: 'forget', segment: report.id })], problems: [] }
    case 'notMinted':
      return { actions: [], problems: [{ kind: 'notMinted', key: report.id, segment: report.id }] }
    case 'notMine':
      return { actions: [], problems: [] }
  }
}

/** The metadata's end wins (H37): a copy that is not sealed is cut there and sealed. */
function sealStored(row: SegmentRow, report: SegmentReport | undefined): Action[] {
  if (row.endOffset === null || report === undefined) return []
  if (report.state === 'sealed' || report.state === 'damaged') return []
  return [request({ kind: 'seal', segment: report.id, end: row.endOffset })]
}
