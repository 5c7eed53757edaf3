import { describe, expect, it } from 'vitest'
import {
  type Action,
  exportRows,
  formatSegmentId,
  importRows,
  type PlanInput,
  type SegmentId,
  type TopicId,
  type VNodeState,
} from '../src/index.ts'
import { create, policy, roll, seat, topicNumber, trim } from './fixtures.ts'
import { World } from './world.ts'

const t0 = topicNumber(0)
const id = (segment: number, topic = t0, range = 0): SegmentId => formatSegmentId({ topic, range, segment })
const place = { file: 'f', position: 8, reason: 'rot' }
const remove = (topic: TopicId) => ({ kind: 'deleteTopic', epoch: 1, topic }) as const
let requests = 1_000
const wide = (name: string, count: number) =>
  create(name, requests++, { ranges: { kind: 'fixed', count }, replicas: Array.from({ length: count }, () => [seat]) })

/** A plan that gives nothing to do. @returns how often it asked the store */
function asked(world: World, mode: 'plan' | 'planAttended'): number {
  const input = { ...world.input(), stored: [] }
  const before = world.store.statusCount
  expect(world.coordinator[mode](input)).toEqual([])
  return world.store.statusCount - before
}

const only = (actions: readonly Action[]): Action => {
  const [action] = actions
  if (action === undefined || actions.length > 1) throw new Error(`${actions.length} actions where one was expected`)
  return action
}

describe('attention', () => {
  it('opens every range of a topic that has just been made, however many, a bounded number in a plan', () => {
    const world = new World()
    world.apply(wide('a', 4_096))
    expect(world.runAttended().map((plan) => plan.length)).toEqual([1_024, 1_024, 1_024, 1_024, 0])
    expect(world.stored()).toEqual(world.wanted())
  })

  it('loses nothing that does not fit a plan', () => {
    const world = new World({ planActionsMax: 7, inflightActionsMax: 5 })
    world.apply(wide('a', 16))
    world.apply(wide('b', 32))
    world.runAttended()
    expect(world.stored()).toEqual(world.wanted())
  })

  it('comes back to a range whose second action did not fit', () => {
    const world = new World({ planActionsMax: 1 })
    world.apply(create('a', 1))
    world.runAttended()
    world.store.append(id(0), 50)
    world.apply(roll(t0, 0, 50))
    expect(world.runAttended().slice(0, 2)).toEqual([[`seal:${id(0)}`], [`create:${id(1)}`]])
  })

  it('has nothing to look at while all that may be under way is', () => {
    const world = new World({ inflightActionsMax: 2 })
    world.apply(wide('a', 4))
    const [first] = world.coordinator.planAttended(world.input())
    expect(world.coordinator.hasAttended).toBe(false)
    if (first !== undefined) world.perform(first)
    expect(world.coordinator.hasAttended).toBe(true)
  })

  it('looks at nothing else', () => {
    const world = new World()
    for (let i = 0; i < 10; i++) world.apply(create(`t${i}`, i))
    world.runAttended()
    expect(asked(world, 'planAttended')).toBe(0)
    world.coordinator.attend(topicNumber(3), 0)
    expect(asked(world, 'planAttended')).toBe(1)
  })

  it('looks once at a range that was asked for twice', () => {
    const world = new World()
    world.apply(wide('a', 4))
    world.runAttended()
    world.coordinator.attend(t0, 2)
    world.coordinator.attendTopic(t0)
    world.coordinator.attend(t0, 2)
    expect(asked(world, 'planAttended')).toBe(4)
  })

  it('starts with everything that there is', () => {
    const world = new World()
    for (let i = 0; i < 5; i++) world.apply(wide(`t${i}`, 4), { told: false })
    expect(world.coordinator.hasAttended).toBe(false)
    world.coordinator.follow({ kind: 'present', state: world.state, appliedIndex: 0 })
    world.runAttended()
    expect(world.stored()).toEqual(world.wanted())
  })

  it('goes on after a fence and a roll without the timer', () => {
    const world = new World()
    world.apply(create('a', 1))
    world.runAttended()
    world.store.append(id(0), 50)
    world.coordinator.attend(t0, 0)
    const keys = [[`fence:${id(0)}`], [`rollSegment:${t0}-0`], [`seal:${id(0)}`, `create:${id(1)}`]]
    expect(world.runAttended().filter((plan) => plan.length > 0)).toEqual(keys)
  })
})

describe('pages', () => {
  it('end inside a topic: each looks at so many ranges and no more', () => {
    const world = new World()
    world.apply(wide('a', 4_096))
    world.apply(create('b', 1))
    world.runAttended()
    const counts = Array.from({ length: 6 }, () => asked(world, 'plan'))
    expect(counts).toEqual([1_024, 1_024, 1_024, 1_024, 1, 1_024])
  })

  it('go on where they stopped when topics come and go between them', () => {
    const world = new World({ planRangesMax: 3 })
    const next = (): readonly Action[] => world.coordinator.plan({ ...world.input(), stored: [] })
    world.apply(wide('a', 4), { told: false })
    world.apply(wide('b', 4), { told: false })
    const first = next()
    world.apply(remove(t0), { told: false })
    world.apply(wide('c', 2), { told: false })
    const keys = [first, next(), next()].map((actions) => actions.map(({ key }) => key.slice('create:'.length + 15)))
    expect(keys).toEqual([
      ['0-0-0', '0-1-0', '0-2-0'],
      ['1-0-0', '1-1-0', '1-2-0'],
      ['1-3-0', '2-0-0', '2-1-0'],
    ])
  })

  it('start over with a state that was loaded anew', () => {
    const world = new World({ planRangesMax: 3 })
    world.apply(wide('a', 4), { told: false })
    world.apply(wide('b', 4), { told: false })
    const next = (state: VNodeState): string[] => {
      const actions = world.coordinator.plan({ ...world.input(), state, stored: [] })
      for (const action of actions) world.perform(action)
      return actions.map(({ key }) => key.slice('create:'.length + 15))
    }
    const first = next(world.state)
    const again = importRows(exportRows(world.state))
    expect([first, next(again), next(again)]).toEqual([['0-0-0', '0-1-0', '0-2-0'], [], ['0-3-0', '1-0-0', '1-1-0']])
  })

  it('trim what has served its time on the page that holds it', () => {
    const world = new World()
    world.apply(create('a', 1, { policy: { ...policy, retentionMs: 100 } }))
    world.apply(roll(t0, 0, 10))
    world.runAttended()
    world.now = 100
    world.run()
    expect(world.state.segment(t0, 0, 0)).toBeUndefined()
  })
})

describe('what a command removed', () => {
  const filled = (): World => {
    const world = new World()
    world.apply(create('a', 1))
    world.runAttended()
    for (let segment = 0; segment < 3; segment++) {
      world.store.append(id(segment), 50)
      world.coordinator.attend(t0, 0)
      world.runAttended()
    }
    return world
  }

  it('is forgotten at once by the store that holds it', () => {
    const world = filled()
    world.apply(trim(t0, 2))
    expect(world.runAttended()[0]).toEqual([`forget:${id(0)}`, `forget:${id(1)}`])
    world.apply(remove(t0))
    expect(world.runAttended()).toEqual([[`forget:${id(2)}`, `forget:${id(3)}`]])
    expect(world.store.segments.size).toBe(0)
  })

  it('includes a segment that ended empty', () => {
    const world = new World()
    world.apply(create('a', 1))
    world.runAttended()
    world.apply(roll(t0, 0, 0, { bytes: 0 }))
    world.runAttended()
    expect(world.stored()).toEqual(world.wanted())
  })

  // P17
  it('is judged by the committed state all the same', () => {
    const world = filled()
    const removed = [{ topic: t0, range: 0, from: 0, below: 4 }]
    const result = { kind: 'rangeTrimmed', removedSegments: 4, startOffset: 0 } as const
    const command = trim(t0, 3)
    world.coordinator.follow({ kind: 'applied', state: world.state, appliedIndex: 0, command, result, removed })
    expect(world.runAttended().flat()).toEqual([])
  })

  it('is found by the sweep when nobody told of it', () => {
    const world = filled()
    world.apply(remove(t0), { told: false })
    world.run()
    expect(world.store.segments.size).toBe(0)
  })
})

describe('stuck ranges', () => {
  const failing = (world: World): void => {
    for (const action of world.coordinator.plan(world.input())) {
      world.coordinator.settled(action, { kind: 'failed' }, world.now)
    }
  }

  it('are those whose last try failed, until one succeeds; all of them, however few problems are shown', () => {
    const world = new World({ problemsMax: 2 })
    for (let i = 0; i < 20; i++) world.apply(create(`t${i}`, i))
    failing(world)
    expect(world.coordinator.stuckRangeCount).toBe(20)
    expect(world.runAttended().flat()).toEqual([])
    expect(world.coordinator.stuckRangeCount).toBe(20)
    world.now += 1_000
    world.run()
    expect(world.coordinator.stuckRangeCount).toBe(0)
  })

  it('are free when their topic is deleted, also when the failure comes after it', () => {
    const world = new World()
    for (let i = 0; i < 3; i++) world.apply(create(`t${i}`, i))
    failing(world)
    world.runAttended()
    world.apply(remove(topicNumber(0)))
    expect(world.coordinator.stuckRangeCount).toBe(2)
    world.apply(remove(topicNumber(1)), { told: false })
    world.coordinator.plan(world.input())
    expect(world.coordinator.stuckRangeCount).toBe(1)
    world.now += 1_000
    const late = only(world.coordinator.plan(world.input()))
    world.apply(remove(topicNumber(2)))
    world.coordinator.settled(late, { kind: 'failed' }, world.now)
    world.runAttended()
    expect(world.coordinator.stuckRangeCount).toBe(0)
  })

  it('are free when they have moved on', () => {
    const world = new World()
    world.apply(create('a', 1))
    world.runAttended()
    world.restart()
    failing(world) // the fence
    expect(world.coordinator.stuckRangeCount).toBe(1)
    world.store.segments.set(id(1), { start: 0, state: 'open', records: 0 })
    world.apply(roll(t0, 0, 0, { bytes: 0, successor: [{ ...seat, bootId: 2 }] }))
    world.runAttended()
    expect(world.coordinator.stuckRangeCount).toBe(0)
  })

  it('are those with a suspect end', () => {
    const world = new World()
    world.apply(create('a', 1))
    world.runAttended()
    world.restart()
    const fence = only(world.coordinator.plan(world.input()))
    world.coordinator.settled(fence, { kind: 'fenced', answer: { kind: 'suspect', place } }, 0)
    world.runAttended()
    expect(world.coordinator.stuckRangeCount).toBe(1)
  })

  it('are those without a place to go on, unless they still take appends', () => {
    const world = new World()
    world.apply(create('a', 1))
    world.runAttended()
    world.store.append(id(0), 99)
    const alone = (): PlanInput => ({ ...world.input(), members: [] })
    world.coordinator.plan(alone())
    expect(world.coordinator.problems).toMatchObject([{ kind: 'noPlacement', blocks: false }])
    expect(world.coordinator.stuckRangeCount).toBe(0)
    world.restart()
    world.coordinator.plan(alone())
    expect(world.coordinator.problems).toMatchObject([{ kind: 'noPlacement', blocks: true }])
    expect(world.coordinator.stuckRangeCount).toBe(1)
  })

  it('are not those whose trim or seal failed: they take appends', () => {
    const world = new World()
    world.apply(create('a', 1, { policy: { ...policy, retentionMs: 1 } }))
    world.runAttended()
    world.store.append(id(0), 10)
    world.apply(roll(t0, 0, 10))
    const [seal, open] = world.coordinator.planAttended(world.input())
    if (open !== undefined) world.perform(open)
    if (seal !== undefined) world.coordinator.settled(seal, { kind: 'failed' }, 0)
    world.now += 1
    const trimmed = only(world.coordinator.plan(world.input()))
    world.coordinator.settled(trimmed, { kind: 'failed' }, world.now)
    expect([seal?.key, trimmed.key]).toEqual([`seal:${id(0)}`, `trimRange:${t0}-0`])
    expect(world.coordinator.stuckRangeCount).toBe(0)
  })
})
