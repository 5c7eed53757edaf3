import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Action,
  apply,
  assertInvariants,
  Coordinator,
  defaultCoordinatorSettings,
  type FenceAnswer,
  formatSegmentId,
  type PlanInput,
  type SegmentId,
  type SegmentReport,
  type VNodeState,
} from '../src/index.ts'
import { create, emptyState, policy, seat, segmentsOf, topicNumber } from './fixtures.ts'

const t0 = topicNumber(0)
const id = (segment: number, topic = t0, range = 0): SegmentId => formatSegmentId({ topic, range, segment })
const clusterId = 'c1'.repeat(16)
const place = { file: 'f', position: 8, reason: 'rot' }

/** One broker's store, as far as the coordinator can tell: what a request does to it, and what a restart does. */
class FakeStore {
  readonly segments = new Map<SegmentId, { start: number; state: SegmentReport['state']; records: number }>()

  status(segment: SegmentId): SegmentReport | undefined {
    const found = this.segments.get(segment)
    return found && { id: segment, state: found.state, bytes: found.records * 100 }
  }

  all(): SegmentReport[] {
    return [...this.segments.keys()].flatMap((segment) => this.status(segment) ?? [])
  }

  append(segment: SegmentId, records: number): void {
    const found = this.segments.get(segment)
    if (found?.state === 'open') found.records += records
  }

  /** Empty segments leave no trace; the others are fenced at what they have. */
  restart(): void {
    for (const [segment, found] of this.segments) {
      if (found.records === 0) this.segments.delete(segment)
      else if (found.state === 'open') found.state = 'fenced'
    }
  }

  perform(action: Extract<Action, { kind: 'request' }>): FenceAnswer | undefined {
    const { request } = action
    const found = this.segments.get(request.segment)
    switch (request.kind) {
      case 'create':
        if (found === undefined)
          this.segments.set(request.segment, { start: request.startOffset, state: 'open', records: 0 })
        return undefined
      case 'fence':
        if (found === undefined) return { kind: 'noTrace' }
        if (found.state === 'open') found.state = 'fenced'
        return { kind: 'end', offset: found.start + found.records }
      case 'seal':
        if (found === undefined) throw new Error('sealed without trace')
        if (found.start + found.records !== request.end) throw new Error(`sealed at ${request.end}, not at what it has`)
        found.state = 'sealed'
        return undefined
      case 'forget':
        this.segments.delete(request.segment)
        return undefined
    }
  }
}

/** A vNode, a store and their coordinator; `run` lets them come to rest. */
class World {
  readonly state: VNodeState = emptyState()
  readonly store = new FakeStore()
  coordinator = new Coordinator(defaultCoordinatorSettings)
  bootId = 1
  now = 0

  input(): PlanInput {
    const self = { ...seat, bootId: this.bootId }
    const times = { now: this.now, vnodeTime: this.now, wallTime: 0 }
    const reports = { status: (segment: SegmentId) => this.store.status(segment) }
    return { state: this.state, self, members: [self], clusterId, reports, stored: this.store.all(), ...times }
  }

  /** @returns plans that gave something to do */
  run(plansMax = 200): number {
    let busy = 0
    for (let idle = 0; idle < 3; ) {
      const actions = this.coordinator.plan(this.input())
      for (const action of actions) this.perform(action)
      idle = actions.length === 0 ? idle + 1 : 0
      busy += actions.length === 0 ? 0 : 1
      if (busy > plansMax) throw new Error('it does not come to rest')
    }
    return busy
  }

  perform(action: Action): void {
    if (action.kind === 'command') {
      const { outcome } = apply(this.state, action.command)
      this.coordinator.settled(action, { kind: outcome.kind === 'refused' ? 'failed' : 'done' }, this.now)
      return
    }
    const answer = this.store.perform(action)
    this.coordinator.settled(action, answer === undefined ? { kind: 'done' } : { kind: 'fenced', answer }, this.now)
  }

  /** The process dies and comes back; what the coordinator remembered is gone. */
  restart(): void {
    this.bootId++
    this.store.restart()
    this.coordinator = new Coordinator(defaultCoordinatorSettings)
  }

  /** What the store would hold at rest: active segments open, at this boot, sealed ones sealed, and nothing else. */
  wanted(): Map<SegmentId, string> {
    assertInvariants(this.state)
    const expected = new Map<SegmentId, string>()
    for (const topic of this.state.topics()) {
      for (const { segments } of topic.ranges.values()) {
        for (let i = 0; i < segments.count; i++) {
          const row = segments.at(i)
          const fresh = row.replicas[0]?.bootId === this.bootId
          expected.set(formatSegmentId(row), row.state === 'sealed' ? 'sealed' : fresh ? 'open' : 'of an older boot')
        }
      }
    }
    return expected
  }

  stored(): Map<SegmentId, string> {
    return new Map([...this.store.segments].map(([segment, { state }]) => [segment, state]))
  }
}

describe('the coordinator', () => {
  type Event = (world: World) => void
  const topics = fc.nat({ max: 3 })
  const event: fc.Arbitrary<Event> = fc.oneof(
    fc.tuple(topics, fc.nat({ max: 99 })).map(
      ([n, request]): Event =>
        (world) => {
          const small = { ...policy, retentionMs: 500, segmentAgeMs: 1_000 }
          const self = { ...seat, bootId: world.bootId }
          apply(world.state, create(`t${n}`, request, { policy: small, replicas: [[self]], vnodeTime: world.now }))
        },
    ),
    topics.map(
      (n): Event =>
        (world) =>
          void apply(world.state, { kind: 'deleteTopic', epoch: 1, topic: topicNumber(n) }),
    ),
    fc.tuple(topics, fc.nat({ max: 60 })).map(
      ([n, records]): Event =>
        (world) => {
          const active = world.state.range(topicNumber(n), 0)?.segments.active
          if (active !== undefined) world.store.append(formatSegmentId(active), records)
        },
    ),
    fc.constant<Event>((world) => world.restart()),
    fc.nat({ max: 900 }).map(
      (ms): Event =>
        (world) =>
          void (world.now += ms),
    ),
    // A few actions are carried out, then the process dies in the middle.
    fc.nat({ max: 4 }).map(
      (count): Event =>
        (world) => {
          for (const action of world.coordinator.plan(world.input()).slice(0, count)) world.perform(action)
          world.restart()
        },
    ),
    fc.constant<Event>((world) => void world.run()),
  )

  it('comes to rest from any mixture of states, with every segment where the metadata has it', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const world = new World()
        for (const happens of events) happens(world)
        world.run()
        expect(world.stored()).toEqual(world.wanted())
      }),
      { numRuns: 200 },
    )
  })

  it('never has one thing under way twice, and tries what failed again after a pause', () => {
    const world = new World()
    apply(world.state, create('a', 1))
    const [first, ...none] = world.coordinator.plan(world.input())
    expect([first?.key, none, world.coordinator.plan(world.input())]).toEqual([`create:${id(0)}`, [], []])
    if (first !== undefined) world.coordinator.settled(first, { kind: 'failed' }, world.now)
    expect(world.coordinator.plan(world.input())).toEqual([])
    world.now += defaultCoordinatorSettings.retryDelayMs
    expect(world.coordinator.plan(world.input()).map((action) => action.key)).toEqual([`create:${id(0)}`])
  })

  it('gives a bounded number of actions and comes round to every range', () => {
    const world = new World()
    for (let i = 0; i < 100; i++) apply(world.state, create(`t${i}`, i))
    world.coordinator = new Coordinator({ ...defaultCoordinatorSettings, planRangesMax: 30, planActionsMax: 20 })
    expect(world.coordinator.plan(world.input())).toHaveLength(20)
    expect(world.coordinator.inflightCount).toBe(20)
    world.coordinator = new Coordinator({ ...defaultCoordinatorSettings, planRangesMax: 30, planActionsMax: 20 })
    for (let i = 0; i < 12; i++) for (const action of world.coordinator.plan(world.input())) world.perform(action)
    expect(world.stored()).toEqual(world.wanted())
  })

  it('looks first at a range that somebody waits for', () => {
    const world = new World()
    for (let i = 0; i < 10; i++) apply(world.state, create(`t${i}`, i))
    world.coordinator = new Coordinator({ ...defaultCoordinatorSettings, planRangesMax: 1 })
    world.coordinator.attend(topicNumber(7), 0)
    const [first] = world.coordinator.plan(world.input())
    expect(first?.key).toBe(`create:${id(0, topicNumber(7))}`)
  })

  it('shows a problem until it is over', () => {
    const world = new World()
    apply(world.state, create('a', 1))
    world.run()
    world.store.append(id(0), 99)
    const input = (): PlanInput => ({ ...world.input(), members: [] })
    world.coordinator.plan(input())
    expect(world.coordinator.problems.map((problem) => problem.kind)).toEqual(['noPlacement'])
    world.run()
    expect(world.coordinator.problems).toEqual([])
    expect(segmentsOf(world.state, t0)).toHaveLength(2)
  })

  it('keeps a suspect range waiting without asking again and again', () => {
    const world = new World()
    apply(world.state, create('a', 1))
    world.run()
    world.restart()
    const [fence] = world.coordinator.plan(world.input())
    if (fence === undefined) throw new Error('a fence was expected')
    world.coordinator.settled(fence, { kind: 'fenced', answer: { kind: 'suspect', place } }, 0)
    expect([world.coordinator.plan(world.input()), world.coordinator.plan(world.input())]).toEqual([[], []])
    expect(world.coordinator.problems).toMatchObject([{ kind: 'suspect', place }])
  })

  it('has a bounded number of actions under way, over any number of plans', () => {
    const world = new World()
    for (let i = 0; i < 20; i++) apply(world.state, create(`t${i}`, i))
    world.coordinator = new Coordinator({ ...defaultCoordinatorSettings, inflightActionsMax: 6, planActionsMax: 4 })
    expect([1, 2, 3].map(() => world.coordinator.plan(world.input()).length)).toEqual([4, 2, 0])
  })

  it('goes on with a range right after its roll, however many others there are', () => {
    const world = new World()
    for (let i = 0; i < 10; i++) apply(world.state, create(`t${i}`, i))
    world.run()
    world.coordinator = new Coordinator({ ...defaultCoordinatorSettings, planRangesMax: 1 })
    world.store.append(id(0, topicNumber(7)), 50)
    const next = (): readonly Action[] => world.coordinator.plan({ ...world.input(), stored: [] })
    world.coordinator.attend(topicNumber(7), 0)
    for (const fence of next()) world.perform(fence)
    world.coordinator.attend(topicNumber(7), 0)
    for (const roll of next()) world.perform(roll)
    const keys = [`seal:${id(0, topicNumber(7))}`, `create:${id(1, topicNumber(7))}`]
    expect(next().map((action) => action.key)).toEqual(keys)
  })
})
