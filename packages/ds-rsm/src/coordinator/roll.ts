import { formatSegmentId } from '../ids.ts'
import type { RollSegment } from '../vnode/command.ts'
import type { TopicPolicy } from '../vnode/policy.ts'
import type { ReplicaSeat, SegmentRow, TopicRow } from '../vnode/rows.ts'
import type { RangeEntry } from '../vnode/state.ts'
import { command, type Findings, type RangeProblem, request } from './action.ts'
import { placeSegment } from './placement.ts'
import { encodePrelude, preludeOf } from './prelude.ts'
import type { CoordinatorView, FenceAnswer, SegmentReport } from './view.ts'

/**
 * The active segment of a range: let it be, make it exist, or end it: place → fence → measure → commit.
 * @param report the store's report of it
 */
export function reconcileActive(
  view: CoordinatorView,
  topic: TopicRow,
  range: RangeEntry,
  report: SegmentReport | undefined,
  found: Findings,
): void {
  const { active, activeId: segment } = range.segments
  if (active.replicas[0]?.brokerId !== view.self.brokerId) return // led elsewhere
  if (!mustRoll(view, topic.policy, active, report)) {
    if (report !== undefined) return
    const prelude = encodePrelude(preludeOf(view.clusterId, topic, range.row))
    found.actions.push(request({ kind: 'create', segment, startOffset: active.startOffset, prelude }))
    return
  }
  // H35d: where it goes on is known before anything is fenced.
  const successor = placeSegment(topic.policy, view.members)
  if (successor === undefined) {
    found.problems.push(noPlacement(view, topic, active, report))
    return
  }
  const answer = view.fences.get(segment)
  if (answer === undefined) {
    found.actions.push(request({ kind: 'fence', segment }))
    return
  }
  afterFence({ view, active, report, successor, answer }, found)
}

/** Whether the active segment has to end. */
function mustRoll(
  view: CoordinatorView,
  policy: TopicPolicy,
  active: SegmentRow,
  report: SegmentReport | undefined,
): boolean {
  if (isFencedFromBirth(active, view.self)) return true
  if (report === undefined) return false
  // H35: a fence is always followed through, whoever asked for it.
  if (report.state !== 'open') return true
  if (report.bytes >= policy.segmentBytes) return true
  // Only with data: an empty segment has nothing that could expire.
  const age = view.vnodeTime - active.createdVNodeTime
  return policy.segmentAgeMs !== null && report.bytes > 0 && age >= policy.segmentAgeMs
}

/**
 * H35b: a replica whose broker has restarted since it took its seat is fenced for that segment, whether it has a trace of
 * it or not: it may have forgotten what it promised.
 */
function isFencedFromBirth(active: SegmentRow, self: ReplicaSeat): boolean {
  for (const { brokerId, bootId } of active.replicas) if (brokerId === self.brokerId) return bootId !== self.bootId
  return false
}

function afterFence(
  of: {
    readonly view: CoordinatorView
    readonly active: SegmentRow
    readonly report: SegmentReport | undefined
    readonly successor: readonly ReplicaSeat[]
    readonly answer: FenceAnswer
  },
  found: Findings,
): void {
  const { view, active, report, successor, answer } = of
  switch (answer.kind) {
    case 'end': {
      const bytes = answer.offset === active.startOffset ? 0 : report?.bytes
      // The bytes come with the report; without one there is nothing to measure yet.
      if (bytes !== undefined) found.actions.push(command(roll({ view, active, successor, end: answer.offset, bytes })))
      return
    }
    case 'noTrace':
      // Every replica, there is one, answers so: nothing was ever acknowledged.
      found.actions.push(command(roll({ view, active, successor, end: active.startOffset, bytes: 0 })))
      return
    case 'suspect': {
      // A successor never opens on an unknown end (H39, H54): the range waits and says so.
      const segment = formatSegmentId(active)
      found.problems.push({ kind: 'suspect', key: placeOf(active), segment, place: answer.place })
      return
    }
  }
}

function roll(of: {
  readonly view: CoordinatorView
  readonly active: SegmentRow
  readonly successor: readonly ReplicaSeat[]
  readonly end: number
  readonly bytes: number
}): RollSegment {
  const { view, active, successor, end, bytes } = of
  return {
    kind: 'rollSegment',
    epoch: view.state.vnode.epoch,
    topic: active.topic,
    range: active.range,
    segment: active.segment,
    end,
    bytes,
    confirmed: [view.self.brokerId],
    successor,
    vnodeTime: view.vnodeTime,
    wallTime: view.wallTime,
  }
}

function noPlacement(
  view: CoordinatorView,
  topic: TopicRow,
  active: SegmentRow,
  report: SegmentReport | undefined,
): RangeProblem {
  const wanted = topic.policy.minReplicas
  const available = view.members.length
  const { range } = active
  const blocks = isFencedFromBirth(active, view.self) || report?.state !== 'open'
  return { kind: 'noPlacement', key: placeOf(active), topic: topic.id, range, wanted, available, blocks }
}

/** The range, as the key of its problems. */
function placeOf(active: SegmentRow): string {
  return `${active.topic}-${active.range}`
}
