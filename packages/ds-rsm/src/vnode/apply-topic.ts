import { formatTopicId, type TopicId, u32Max } from '../ids.ts'
import { classifyTopic } from './classify.ts'
import type { AlterTopic, CreateTopic, DeleteTopic } from './command.ts'
import { type Decision, done, refused, repeated, seatsProblem, withTime } from './decision.ts'
import { equalPieces, type Piece } from './keyspace.ts'
import type { Refusal } from './outcome.ts'
import { firstRangeCount, policyProblem, type TopicPolicy, topicNameProblem } from './policy.ts'
import type { ReplicaList, ReplicaSeat, RowWrite, SegmentSpan, TopicRow } from './rows.ts'
import type { VNodeState } from './state.ts'

/** Requests that a vNode remembers. Part of the state machine: replicas that disagree about it would diverge. */
export const requestCountMax = 1_024

export function applyCreate(state: VNodeState, command: CreateTopic): Decision {
  const remembered = state.request(command.requestId)
  if (remembered !== undefined) {
    return remembered.name === command.name
      ? repeated({ kind: 'topicCreated', topic: remembered.topic })
      : refused({ kind: 'requestIdReused', name: remembered.name })
  }
  const refusal = createRefusal(state, command)
  if (refusal !== undefined) return refused(refusal)
  const topic = formatTopicId(state.id, state.vnode.nextTopic) // minted here, never by a proposer
  const vnode = withTime(state.vnode, command.vnodeTime)
  const row: TopicRow = {
    id: topic,
    name: command.name,
    createdAt: command.wallTime,
    ranges: command.ranges,
    policy: command.policy,
    nextRange: command.replicas.length,
  }
  const writes: RowWrite[] = [
    { kind: 'vnode', row: { ...vnode, nextTopic: vnode.nextTopic + 1, nextRequest: vnode.nextRequest + 1 } },
    { kind: 'topic', row },
  ]
  const pieces = equalPieces(command.replicas.length)
  pieces.forEach((piece, range) => {
    const seats = command.replicas[range] ?? [] // one list per piece: createRefusal
    writes.push(
      ...firstRows({ topic, range, piece, replicas: seatReplicas(state, seats), command, vnodeTime: vnode.vnodeTime }),
    )
  })
  writes.push(...remember(state, command, topic))
  return done({ kind: 'topicCreated', topic }, writes)
}

export function applyAlter(state: VNodeState, command: AlterTopic): Decision {
  const refusal = epochRefusal(state, command.epoch) ?? topicRefusal(state, command.topic)
  const entry = state.topic(command.topic)
  if (refusal !== undefined || entry === undefined) {
    return refused(refusal ?? { kind: 'topicUnknown', topic: command.topic })
  }
  const policy: TopicPolicy = { ...entry.row.policy, ...command.policy }
  const problem = policyProblem(policy)
  if (problem !== undefined) return refused({ kind: 'policyInvalid', problem })
  return done({ kind: 'topicAltered', topic: command.topic }, [{ kind: 'topic', row: { ...entry.row, policy } }])
}

/** With all that hangs on it, and without measuring anything: nobody will ask where its log ended. */
export function applyDelete(state: VNodeState, command: DeleteTopic): Decision {
  const refusal = epochRefusal(state, command.epoch)
  if (refusal !== undefined) return refused(refusal)
  switch (classifyTopic(state, command.topic)) {
    case 'live': {
      const { topic } = command
      return done({ kind: 'topicDeleted', topic }, [{ kind: 'topicGone', topic, segments: segmentsOf(state, topic) }])
    }
    case 'deleted':
      return repeated({ kind: 'topicDeleted', topic: command.topic })
    case 'notMinted':
      return refused({ kind: 'topicUnknown', topic: command.topic })
    case 'notMine':
      return refused({ kind: 'notMine', what: command.topic })
  }
}

function segmentsOf(state: VNodeState, topic: TopicId): SegmentSpan[] {
  return Array.from(state.topic(topic)?.ranges.values() ?? [], ({ row, segments }) => ({
    topic,
    range: row.range,
    from: segments.first.segment,
    below: segments.active.segment + 1,
  }))
}

/** The proposer's idea of the arc is not the present one: its route is stale (H7). */
export function epochRefusal(state: VNodeState, epoch: number): Refusal | undefined {
  return epoch === state.vnode.epoch ? undefined : { kind: 'wrongEpoch', epoch, current: state.vnode.epoch }
}

export function topicRefusal(state: VNodeState, topic: TopicId): Refusal | undefined {
  switch (classifyTopic(state, topic)) {
    case 'live':
      return undefined
    case 'notMine':
      return { kind: 'notMine', what: topic }
    case 'deleted':
    case 'notMinted':
      return { kind: 'topicUnknown', topic }
  }
}

/** @returns the replicas of a new segment: nobody is confirmed before a seal */
export function seatReplicas(state: VNodeState, seats: readonly ReplicaSeat[]): ReplicaList {
  return state.replicaLists.share(seats.map(({ brokerId, bootId }) => ({ brokerId, bootId, confirmed: false })))
}

function createRefusal(state: VNodeState, command: CreateTopic): Refusal | undefined {
  const stale = epochRefusal(state, command.epoch)
  if (stale !== undefined) return stale
  const { name, policy } = command
  const nameWrong = topicNameProblem(name)
  if (nameWrong !== undefined) return { kind: 'nameInvalid', name, problem: nameWrong }
  // H7: checked where it is decided, not only where it is routed.
  if (!state.ownsName(name)) return { kind: 'notMine', what: name }
  const existing = state.topicNamed(name)
  if (existing !== undefined) return { kind: 'topicExists', name, topic: existing.row.id }
  const problem = policyProblem(policy)
  if (problem !== undefined) return { kind: 'policyInvalid', problem }
  if (state.vnode.nextTopic > u32Max) return { kind: 'numbersExhausted', what: 'topics' }
  return rangesRefusal(command)
}

function rangesRefusal(command: CreateTopic): Refusal | undefined {
  const count = firstRangeCount(command.ranges)
  if (count === undefined) {
    return { kind: 'rangesInvalid', count: command.ranges.kind === 'fixed' ? command.ranges.count : 0 }
  }
  if (command.replicas.length !== count) {
    return { kind: 'replicasInvalid', problem: `${command.replicas.length} replica lists for ${count} ranges` }
  }
  for (const seats of command.replicas) {
    const problem = seatsProblem(seats, command.policy)
    if (problem !== undefined) return { kind: 'replicasInvalid', problem }
  }
  return undefined
}

/** A range and its first segment. */
function firstRows(of: {
  readonly topic: TopicId
  readonly range: number
  readonly piece: Piece
  readonly replicas: ReplicaList
  readonly command: CreateTopic
  readonly vnodeTime: number
}): RowWrite[] {
  const { topic, range } = of
  return [
    { kind: 'range', row: { topic, range, keyHashFirst: of.piece.first, keyHashLast: of.piece.last } },
    {
      kind: 'segment',
      row: {
        topic,
        range,
        segment: 0,
        state: 'active',
        startOffset: 0,
        endOffset: null,
        bytes: 0,
        createdAt: of.command.wallTime,
        sealedAt: null,
        createdVNodeTime: of.vnodeTime,
        sealedVNodeTime: null,
        replicas: of.replicas,
      },
    },
  ]
}

function remember(state: VNodeState, command: CreateTopic, topic: TopicId): RowWrite[] {
  const row = { sequence: state.vnode.nextRequest, requestId: command.requestId, name: command.name, topic }
  const writes: RowWrite[] = [{ kind: 'request', row }]
  if (state.requestCount < requestCountMax) return writes
  for (const oldest of state.requests()) {
    writes.unshift({ kind: 'requestGone', row: oldest })
    break
  }
  return writes
}
