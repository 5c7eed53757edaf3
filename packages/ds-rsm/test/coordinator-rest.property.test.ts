import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Action,
  apply,
  Coordinator,
  defaultCoordinatorSettings,
  formatSegmentId,
  type PlanInput,
  type SegmentId,
} from '../src/index.ts'
import { create, policy, seat, segmentsOf, topicNumber } from './fixtures.ts'
import { World } from './world.ts'

const t0 = topicNumber(0)
const id = (segment: number, topic = t0, range = 0): SegmentId => formatSegmentId({ topic, range, segment })
const place = { file: 'f', position: 8, reason: 'rot' }

describe('the coordinator', () => {
  type Event = (world: World) => void
  const topics = fc.nat({ max: 3 })
  const event: fc.Arbitrary<Event> = fc.oneof(
    fc.tuple(topics, fc.nat({ max: 99 }), fc.boolean()).map(
      ([n, request, told]): Event =>
        (world) => {
          const small = { ...policy, retentionMs: 500, segmentAgeMs: 1_000 }
          const self = { ...seat, bootId: world.bootId }
          const command = create(`t${n}`, request, { policy: small, replicas: [[self]], vnodeTime: world.now })
          world.apply(command, { told })
        },
    ),
    fc.tuple(topics, fc.boolean()).map(
      ([n, told]): Event =>
        (world) =>
          void world.apply({ kind: 'deleteTopic', epoch: 1, topic: topicNumber(n) }, { told }),
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
    fc.constant<Event>((world) => void world.runAttended()),
  )

  it('comes to rest from any mixture of states, with every segment where the metadata has it', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const world = new World()
        for (const happens of events) happens(world)
        world.run()
        expect(world.stored()).toEqual(world.wanted())
        expect(world.coordinator.stuckRangeCount).toBe(0)
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
