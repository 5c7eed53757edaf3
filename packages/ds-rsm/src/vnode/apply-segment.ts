import { type BrokerId, u32Max } from '../ids.ts'
import { epochRefusal, seatReplicas, topicRefusal } from './apply-topic.ts'
import type { RollSegment, TrimRange } from './command.ts'
import { type Decision, done, refused, repeated, seatsProblem, withTime } from './decision.ts'
import type { Refusal } from './outcome.ts'
import type { ReplicaList, RowWrite, SegmentRow, TopicRow } from './rows.ts'
import type { SegmentList } from './segment-list.ts'
import type { VNodeState } from './state.ts'

export function applySegmentRoll(state: VNodeState, command: RollSegment): Decision {
  const refusal = epochRefusal(state, command.epoch) ?? topicRefusal(state, command.topic)
  if (refusal !== undefined) return refused(refusal)
  const topic = state.topic(command.topic)
  const range = topic?.ranges.get(command.range)
  if (topic === undefined || range === undefined) {
    return refused({ kind: 'rangeUnknown', topic: command.topic, range: command.range })
  }
  const { active } = range.segments
  if (active.segment !== command.segment) return rolledBefore(range.segments, command)
  const invalid = rollRefusal(topic.row, active, command)
  if (invalid !== undefined) return refused(invalid)

  const vnode = withTime(state.vnode, command.vnodeTime)
  const successor = successorOf(state, active, command, vnode.vnodeTime)
  // A segment that ends empty leaves no trace but its number.
  const writes: RowWrite[] =
    command.end === active.startOffset
      ? [{ kind: 'segmentReplaced', row: successor, replaced: active.segment }]
      : [
          { kind: 'segment', row: sealed(state, active, command, vnode.vnodeTime) },
          { kind: 'segment', row: successor },
        ]
  if (vnode !== state.vnode) writes.push({ kind: 'vnode', row: vnode })
  return done({ kind: 'segmentRolled', end: command.end, successor: successor.segment }, writes)
}

export function applyTrim(state: VNodeState, command: TrimRange): Decision {
  const refusal = epochRefusal(state, command.epoch) ?? topicRefusal(state, command.topic)
  if (refusal !== undefined) return refused(refusal)
  const range = state.range(command.topic, command.range)
  if (range === undefined) return refused({ kind: 'rangeUnknown', topic: command.topic, range: command.range })
  const { segments } = range
  const { below } = command
  if (below > segments.active.segment) {
    return refused({ kind: 'trimInvalid', below, active: segments.active.segment })
  }
  const removedSegments = segments.countBelow(below)
  const startOffset = segments.at(removedSegments).startOffset
  const from = segments.first.segment
  // Nothing but a removal, so that a full storage can still be emptied (H53a).
  const writes: RowWrite[] =
    removedSegments === 0 ? [] : [{ kind: 'segmentsGone', topic: command.topic, range: command.range, from, below }]
  return done({ kind: 'rangeTrimmed', removedSegments, startOffset }, writes)
}

/** H35: "already sealed at n" counts as done. A segment that left nothing has ended where the next one starts. */
function rolledBefore(segments: SegmentList, command: RollSegment): Decision {
  const { active } = segments
  if (command.segment > active.segment) {
    return refused({ kind: 'segmentNotActive', segment: command.segment, active: active.segment })
  }
  const next = segments.at(segments.countBelow(command.segment + 1))
  return next.startOffset === command.end
    ? repeated({ kind: 'segmentRolled', end: command.end, successor: next.segment })
    : refused({ kind: 'endDiffers', segment: command.segment, end: command.end, sealedAt: next.startOffset })
}

function rollRefusal(topic: TopicRow, active: SegmentRow, command: RollSegment): Refusal | undefined {
  const { end, bytes } = command
  const { startOffset } = active
  if (end < startOffset || (end === startOffset) !== (bytes === 0)) {
    return { kind: 'endInvalid', end, startOffset, bytes }
  }
  if (active.segment === u32Max) return { kind: 'numbersExhausted', what: 'segments' }
  const problem = seatsProblem(command.successor, topic.policy) ?? confirmedProblem(active.replicas, command.confirmed)
  return problem === undefined ? undefined : { kind: 'replicasInvalid', problem }
}

function confirmedProblem(replicas: ReplicaList, confirmed: readonly BrokerId[]): string | undefined {
  const stranger = confirmed.find((broker) => !replicas.some((replica) => replica.brokerId === broker))
  return stranger === undefined ? undefined : `broker ${stranger} holds no replica that could be confirmed`
}

function sealed(state: VNodeState, active: SegmentRow, command: RollSegment, vnodeTime: number): SegmentRow {
  const replicas = active.replicas.map((replica) => ({
    ...replica,
    confirmed: command.confirmed.includes(replica.brokerId),
  }))
  return {
    ...active,
    state: 'sealed',
    endOffset: command.end,
    bytes: command.bytes,
    sealedAt: command.wallTime,
    sealedVNodeTime: vnodeTime,
    replicas: state.replicaLists.share(replicas),
  }
}

function successorOf(state: VNodeState, active: SegmentRow, command: RollSegment, vnodeTime: number): SegmentRow {
  return {
    topic: active.topic,
    range: active.range,
    segment: active.segment + 1,
    state: 'active',
    startOffset: command.end,
    endOffset: null,
    bytes: 0,
    createdAt: command.wallTime,
    sealedAt: null,
    createdVNodeTime: vnodeTime,
    sealedVNodeTime: null,
    replicas: seatReplicas(state, command.successor),
  }
}
