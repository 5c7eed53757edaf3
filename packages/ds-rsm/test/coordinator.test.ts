import { describe, expect, it } from 'vitest'
import {
  type Action,
  apply,
  type CoordinatorView,
  checkSatisfiable,
  decodePrelude,
  type FenceAnswer,
  formatSegmentId,
  parseBrokerId,
  planCreateTopic,
  policyDefaults,
  reconcile,
  type SegmentId,
  type SegmentReport,
  StoredSweep,
  type TopicPolicy,
  type VNodeState,
} from '../src/index.ts'
import { create, emptyState, policy, requestNumber, roll, seat, topicNumber } from './fixtures.ts'

const t0 = topicNumber(0)
const id = (segment: number, topic = t0, range = 0): SegmentId => formatSegmentId({ topic, range, segment })
const clusterId = 'c1'.repeat(16)
const restarted = { ...seat, bootId: 2 }

type Stored = { [segment: number]: { state: SegmentReport['state']; bytes: number } }

function view(state: VNodeState, stored: Stored, changes: Partial<CoordinatorView> = {}): CoordinatorView {
  const reports = new Map(
    Object.entries(stored).map(([n, report]) => [id(Number(n)), { id: id(Number(n)), ...report }]),
  )
  return {
    state,
    vnodeTime: 0,
    wallTime: 0,
    self: seat,
    members: [changes.self ?? seat],
    clusterId,
    reports: { status: (segment) => reports.get(segment) },
    fences: new Map(),
    ...changes,
  }
}

/** Actions and problems in a word each. */
function found(of: CoordinatorView, stored: readonly SegmentReport[] = []): string[] {
  const { actions, problems } = reconcile(of, of.state.topics(), stored)
  return [...actions.map(word), ...problems.map((problem) => `! ${problem.kind} ${problem.key}`)]
}

function word(action: Action): string {
  if (action.kind === 'request') {
    const { request } = action
    return `${request.kind} ${request.segment.slice(17)}${request.kind === 'seal' ? ` at ${request.end}` : ''}`
  }
  const { command } = action
  return command.kind === 'rollSegment'
    ? `roll ${command.range}-${command.segment} at ${command.end}, ${command.bytes} bytes`
    : `trim ${command.range} below ${command.below}`
}

function topicWith(changes: Partial<TopicPolicy>, rolls = 0): VNodeState {
  const state = emptyState()
  apply(state, create('a', 1, { policy: { ...policy, ...changes } }))
  for (let i = 0; i < rolls; i++) apply(state, roll(t0, i, (i + 1) * 10, { vnodeTime: i * 100 }))
  return state
}

const open = (bytes = 0): Stored[number] => ({ state: 'open', bytes })
const fenced = (bytes: number): Stored[number] => ({ state: 'fenced', bytes })
const ends = (offset: number, segment = 0): Map<SegmentId, FenceAnswer> =>
  new Map([[id(segment), { kind: 'end', offset }]])
const place = { file: 'f', position: 8, reason: 'rot' }

describe('the active segment', () => {
  it.each<[string, Partial<TopicPolicy>, Stored, Partial<CoordinatorView>, string[]]>([
    ['is created where the store has none', {}, {}, {}, ['create 0-0']],
    ['is left alone while it is small and young', { segmentAgeMs: 1_000 }, { 0: open(4_095) }, { vnodeTime: 999 }, []],
    ['is fenced at its size', {}, { 0: open(4_096) }, {}, ['fence 0-0']],
    ['is fenced at its age', { segmentAgeMs: 1_000 }, { 0: open(1) }, { vnodeTime: 1_000 }, ['fence 0-0']],
    ['is not, at its age, without data', { segmentAgeMs: 1_000 }, { 0: open() }, { vnodeTime: 9_000 }, []],
    [
      'rolls at the end that its fence answered',
      {},
      { 0: fenced(70) },
      { fences: ends(7) },
      ['roll 0-0 at 7, 70 bytes'],
    ],
    ['waits for its bytes', {}, {}, { self: restarted, fences: ends(7) }, []],
    // H35
    ['is followed through when somebody else fenced it', {}, { 0: fenced(70) }, {}, ['fence 0-0']],
    // H35b
    ['is fenced after a restart, data or not', {}, {}, { self: restarted }, ['fence 0-0']],
    ['is fenced after a restart, even when it looks open', {}, { 0: open(5) }, { self: restarted }, ['fence 0-0']],
    [
      'ends empty after a restart when no replica has a trace',
      {},
      {},
      { self: restarted, fences: new Map([[id(0), { kind: 'noTrace' }]]) },
      ['roll 0-0 at 0, 0 bytes'],
    ],
    // H39, H54
    [
      'waits, and says so, when its end is suspect',
      {},
      { 0: { state: 'damaged', bytes: 9 } },
      { self: restarted, fences: new Map([[id(0), { kind: 'suspect', place }]]) },
      [`! suspect ${t0}-0`],
    ],
    // H35d
    [
      'is not fenced before its successor has a place',
      {},
      { 0: open(9_999) },
      { members: [] },
      [`! noPlacement ${t0}-0`],
    ],
    [
      'is nothing to a broker that does not lead it',
      {},
      {},
      { self: { ...seat, brokerId: parseBrokerId('b2'.repeat(16)) } },
      [],
    ],
  ])('%s', (_, changes, stored, world, expected) => {
    expect(found(view(topicWith(changes), stored, world))).toEqual(expected)
  })

  it('carries enough in its prelude to rebuild the topic, from committed metadata alone', () => {
    const state = topicWith({ retentionMs: 5 })
    const [action] = reconcile(view(state, {}), state.topics(), []).actions
    if (action?.kind !== 'request' || action.request.kind !== 'create') throw new Error('a create was expected')
    expect(decodePrelude(action.request.prelude)).toEqual({
      clusterId,
      topicName: 'a',
      keyHashFirst: 0,
      keyHashLast: 2 ** 32 - 1,
      lineage: [],
      policy: { ...policy, retentionMs: 5 },
    })
  })
})

describe('stored segments', () => {
  const report = (segment: number, state: SegmentReport['state'], topic = t0): SegmentReport => ({
    id: id(segment, topic),
    state,
    bytes: 1,
  })

  it('are sealed at the end that the metadata knows', () => {
    const state = topicWith({}, 2)
    const world = view(state, { 1: fenced(100), 2: open() })
    expect(found(world)).toEqual(['seal 0-1 at 20'])
    expect(found(world, [report(0, 'fenced'), report(0, 'sealed'), report(0, 'damaged')])).toEqual([
      'seal 0-1 at 20',
      'seal 0-0 at 10',
    ])
  })

  // P17
  it('are forgotten after a committed delete only; a file from the future is kept and reported', () => {
    const state = topicWith({}, 2)
    apply(state, { kind: 'trimRange', epoch: 1, topic: t0, range: 0, below: 1 })
    const world = view(state, { 1: { state: 'sealed', bytes: 1 }, 2: open() })
    const foreign = 'ffffffff00000000' as typeof t0
    const stored = [
      report(0, 'sealed'),
      report(3, 'open'),
      report(0, 'open', topicNumber(9)),
      report(0, 'sealed', foreign),
    ]
    expect(found(world, stored)).toEqual(['forget 0-0', `! notMinted ${id(3)}`, `! notMinted ${id(0, topicNumber(9))}`])
    apply(state, { kind: 'deleteTopic', epoch: 1, topic: t0 })
    expect(found(view(state, {}), [report(3, 'open')])).toEqual(['forget 0-3'])
  })

  it('are swept round by round, each page sorted by its owner', () => {
    const all = Array.from({ length: 5 }, (_, i) => report(0, 'sealed', topicNumber(i)))
    all.push(report(0, 'sealed', '8000000000000000' as typeof t0))
    const sweep = new StoredSweep(() => all)
    const pages = [4, 4, 4].map((count) =>
      [...sweep.next(count)].map(([vnode, reports]) => [Number(vnode), reports.length]),
    )
    expect(pages).toEqual([
      [[0, 4]],
      [
        [0, 1],
        [2 ** 31, 1],
      ],
      [[0, 4]],
    ])
  })
})

describe('retention', () => {
  const sealed = { state: 'sealed', bytes: 100 } as const
  const stored = { 0: sealed, 1: sealed, 2: sealed, 3: open(50) }
  // Segments of 100 bytes sealed at vNode times 0, 100 and 200, the active one holds 50.
  it.each<[string, Partial<TopicPolicy>, number, string[]]>([
    ['none keeps everything', {}, 2 ** 50, []],
    ['by age counts from the seal', { retentionMs: 1_000 }, 1_099, ['trim 0 below 1']],
    ['by age takes what is as old as that', { retentionMs: 1_000 }, 1_100, ['trim 0 below 2']],
    ['by age never takes the active segment', { retentionMs: 1_000 }, 2 ** 50, ['trim 0 below 3']],
    ['by bytes takes the oldest until the rest fits', { retentionBytes: 349 }, 0, ['trim 0 below 1']],
    ['by bytes leaves what fits exactly', { retentionBytes: 350 }, 0, []],
    ['by bytes takes all that is sealed at most', { retentionBytes: 1 }, 0, ['trim 0 below 3']],
    ['by both takes the larger prefix', { retentionBytes: 349, retentionMs: 1_000 }, 1_100, ['trim 0 below 2']],
  ])('%s', (_, changes, vnodeTime, expected) => {
    expect(found(view(topicWith(changes, 3), stored, { vnodeTime }))).toEqual(expected)
  })

  // P16
  it('does not look at wall clocks', () => {
    const state = topicWith({ retentionMs: 1_000 }, 3)
    expect(found(view(state, stored, { vnodeTime: 500, wallTime: 2 ** 50 }))).toEqual([])
  })
})

describe('planCreateTopic', () => {
  const wish = {
    epoch: 1,
    requestId: requestNumber(1),
    name: 'a',
    ranges: { kind: 'fixed', count: 2 },
    policy: {},
    seats: [seat],
    vnodeTime: 5,
    wallTime: 6,
  } as const

  it('writes every default into the command: replicas up to 3, as many as there are brokers', () => {
    const command = planCreateTopic(wish)
    expect(command.policy).toEqual({ ...policyDefaults, replicas: 1 })
    expect(command.replicas).toEqual([[seat], [seat]])
    const brokers = ['b1', 'b2', 'b3', 'b4'].map((hex) => ({ brokerId: parseBrokerId(hex.repeat(16)), bootId: 1 }))
    expect(planCreateTopic({ ...wish, seats: brokers }).policy.replicas).toBe(3)
    expect(apply(emptyState(), command).outcome.kind).toBe('applied')
  })

  it('names both numbers when there are too few brokers', () => {
    const planned = (changes: Partial<TopicPolicy>) => () => planCreateTopic({ ...wish, policy: changes })
    expect(planned({ replicas: 3 })).toThrow("topic 'a' asks for 3 replicas and 1 broker is eligible")
    expect(() => checkSatisfiable('a', { ...policy, replicas: 2 }, 0)).toThrow('2 replicas and 0 brokers are')
  })

  it('leaves a wrong wish to apply, which has the reasons', () => {
    const outcome = apply(emptyState(), planCreateTopic({ ...wish, ranges: { kind: 'fixed', count: 3 } })).outcome
    expect(outcome).toMatchObject({ kind: 'refused', reason: { kind: 'rangesInvalid' } })
  })
})
