import { describe, expect, it } from 'vitest'
import { apply, exportRows, findSegment, importRows, listTopics } from '../src/index.ts'
import { create, emptyState, roll, topicNumber, trim } from './fixtures.ts'
import { World } from './world.ts'

// Liveness bounds, about ten times above what a slow machine needs: they catch what is quadratic, nothing else.

const topicCount = 20_000
const segmentCount = 100_000
const elapsed = (run: () => void): number => {
  const start = performance.now()
  run()
  return performance.now() - start
}

describe('many', () => {
  it('topics are created, loaded, listed and deleted in time that grows with their number only', {
    timeout: 30_000,
  }, () => {
    const state = emptyState()
    const makeMs = elapsed(() => {
      for (let i = 0; i < topicCount; i++) apply(state, create(`topic-${(i * 7_919) % topicCount}`, i))
    })
    const rows = [...exportRows(state)]
    const loadMs = elapsed(() => importRows(rows))
    const pageMs = elapsed(() => void listTopics(state, { after: 'topic-5', limit: 100 }))
    const deleteMs = elapsed(() => {
      for (let i = 0; i < topicCount; i++) apply(state, { kind: 'deleteTopic', epoch: 1, topic: topicNumber(i) })
    })
    expect(makeMs + loadMs + deleteMs).toBeLessThan(10_000)
    expect(pageMs).toBeLessThan(50)
    expect(state.topicCount).toBe(0)
  })

  it('segments of one range are rolled, found and trimmed without walking over them', { timeout: 30_000 }, () => {
    const state = emptyState()
    const t0 = topicNumber(0)
    apply(state, create('a', 1))
    const rollMs = elapsed(() => {
      for (let i = 0; i < segmentCount; i++) apply(state, roll(t0, i, i + 1))
    })
    const findMs = elapsed(() => {
      for (let i = 0; i < segmentCount; i++) findSegment(state, t0, 0, i)
    })
    const trimMs = elapsed(() => {
      for (let below = 1; below <= segmentCount; below++) apply(state, trim(t0, below))
    })
    expect(rollMs + findMs + trimMs).toBeLessThan(10_000)
    expect(state.segmentCount).toBe(1)
  })

  it('ranges at rest cost a look at each in a turn, and nothing is made for them', { timeout: 30_000 }, () => {
    const world = new World({ planActionsMax: 100_000, inflightActionsMax: 100_000 })
    for (let i = 0; i < topicCount / 2; i++) world.apply(create(`topic-${i}`, i))
    world.runAttended()
    const input = { ...world.input(), stored: [] }
    const planMs = elapsed(() => {
      for (let plan = 0; plan < 500; plan++) expect(world.coordinator.plan(input)).toHaveLength(0)
    })
    expect(planMs).toBeLessThan(5_000)
  })
})
