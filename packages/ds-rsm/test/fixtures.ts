import {
  apply,
  type Command,
  type CommandResult,
  type CreateTopic,
  formatTopicId,
  listSegments,
  parseBrokerId,
  parseRequestId,
  parseVNodeId,
  type ReplicaSeat,
  type RequestId,
  type RollSegment,
  type TopicId,
  type TopicPolicy,
  type TrimRange,
  VNodeState,
} from '../src/index.ts'

export const seat: ReplicaSeat = { brokerId: parseBrokerId('b1'.repeat(16)), bootId: 1 }

export const policy: TopicPolicy = {
  replicas: 1,
  minReplicas: 1,
  retentionMs: null,
  retentionBytes: null,
  segmentBytes: 4_096,
  segmentAgeMs: null,
}

/** A vNode that owns every name, unless an arc is given. */
export function emptyState(arc: { start: number; end: number } = { start: 0, end: 2 ** 32 }): VNodeState {
  return new VNodeState({
    id: parseVNodeId(arc.start),
    arcStart: arc.start,
    arcEnd: arc.end,
    epoch: 1,
    vnodeTime: 0,
    nextTopic: 0,
    nextRequest: 0,
  })
}

export function requestNumber(value: number): RequestId {
  return parseRequestId(value.toString(16).padStart(32, '0'))
}

export function topicNumber(counter: number): TopicId {
  return formatTopicId(parseVNodeId(0), counter)
}

export function create(name: string, request: number, changes: Partial<CreateTopic> = {}): CreateTopic {
  return {
    kind: 'createTopic',
    epoch: 1,
    requestId: requestNumber(request),
    name,
    ranges: { kind: 'auto' },
    policy,
    replicas: [[seat]],
    vnodeTime: 0,
    wallTime: 0,
    ...changes,
  }
}

export function roll(topic: TopicId, segment: number, end: number, changes: Partial<RollSegment> = {}): RollSegment {
  return {
    kind: 'rollSegment',
    epoch: 1,
    topic,
    range: 0,
    segment,
    end,
    bytes: 100,
    confirmed: [],
    successor: [seat],
    vnodeTime: 0,
    wallTime: 0,
    ...changes,
  }
}

export function trim(topic: TopicId, below: number): TrimRange {
  return { kind: 'trimRange', epoch: 1, topic, range: 0, below }
}

/** Applies and answers short: the kind of what was done, `again`, or the reason. */
export function brief(state: VNodeState, command: Command): string {
  return say(apply(state, command).outcome)
}

export function say(outcome: CommandResult): string {
  if (outcome.kind === 'refused') return `refused: ${outcome.reason.kind}`
  return outcome.kind === 'repeated' ? `again: ${outcome.result.kind}` : outcome.result.kind
}

/** `[number, start, end]` of each segment of range 0. */
export function segmentsOf(state: VNodeState, topic: TopicId, range = 0): (number | null)[][] {
  const page = listSegments(state, topic, { range, limit: 1_000 })
  return page?.segments.map((row) => [row.segment, row.startOffset, row.endOffset]) ?? []
}
