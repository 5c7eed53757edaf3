import { formatSegmentId } from '../ids.ts'
import type { RollSegment } from '../vnode/command.ts'
import type { TopicPolicy } from '../vnode/policy.ts'
import type { ReplicaSeat, SegmentRow, TopicRow } from '../vnode/rows.ts'
import type { RangeEntry } from '../vnode/state.ts'
import { command, type Findings, request } from './action.ts'
import { placeSegment } from './placement.ts'
import { encodePrelude, preludeOf } from './prelude.ts'
import type { CoordinatorView, FenceAnswer, SegmentReport } from './view.ts'

const nothing: Findings = { actions: [], problems: [] }

/** The active segment of a range: let it be, make it exist, or end it: place → fence → measure → commit. */
export function reconcileActive(view: CoordinatorView, topic: TopicRow, range: RangeEntry): Findings {
  const { active } = range.segments
  if (active.replicas[0]?.brokerId !== view.self.brokerId) return nothing // led elsewhere
  const segment = formatSegmentId(active)
  const report = view.reports.status(segment)
  if (!mustRoll(view, topic.policy, active, report)) {
    if (report !== undefined) return nothing
    const prelude = encodePrelude(preludeOf(view.clusterId, topic, range.row))
    return one(request({ kind: 'create', segment, startOffset: active.startOffset, prelude }))
  }
  // H35d: where it goes on is known before anything is fenced.
  const successor = placeSegment(topic.policy, view.members)
  if (successor === undefined) return noPlacement(view, topic, active)
  const answer = view.fences.get(segment)
  if (answer === undefined) return one(request({ kind: 'fence', segment }))
  return afterFence({ view, active, report, successor, answer })
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
  const seat = active.replicas.find((replica) => replica.brokerId === self.brokerId)
  return seat !== undefined && seat.bootId !== self.bootId
}

function afterFence(of: {
  readonly view: CoordinatorView
  readonly active: SegmentRow
  readonly report: SegmentReport | undefined
  readonly successor: readonly ReplicaSeat[]
  readonly answer: FenceAnswer
}): Findings {
  const { view, active, report, successor, answer } = of
  switch (answer.kind) {
    case 'end':
      if (answer.offset === active.startOffset)
        return one(command(roll({ view, active, successor, end: answer.offset, bytes: 0 })))
      // The bytes come with the report; without one there is nothing to measure yet.
      return report === undefined
        ? nothing
        : one(command(roll({ view, active, successor, end: answer.offset, bytes: report.bytes })))
    case 'noTrace':
      // Every replica, there is one, answers so: nothing was ever acknowledged.
      return one(command(roll({ view, active, successor, end: active.startOffset, bytes: 0 })))
    case 'suspect': {
      // A successor never opens on an unknown end (H39, H54): the range waits and says so.
      const segment = formatSegmentId(active)
      return { actions: [], problems: [{ kind: 'suspect', key: placeOf(active), segment, place: answer.place }] }
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

function noPlacement(view: CoordinatorView, topic: TopicRow, active: SegmentRow): Findings {
  const wanted = topic.policy.minReplicas
  const available = view.members.length
  const { range } = active
  return {
    actions: [],
    problems: [{ kind: 'noPlacement', key: placeOf(active), topic: topic.id, range, wanted, available }],
  }
}

/** The range, as the key of its problems. */
function placeOf(active: SegmentRow): string {
  return `${active.topic}-${active.range}`
}

function one(action: Findings['actions'][number]): Findings {
  return { actions: [action], problems: [] }
}
