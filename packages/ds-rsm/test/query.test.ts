import { describe, expect, it } from 'vitest'
import {
  apply,
  describeTopic,
  findSegment,
  listSegments,
  listTopics,
  mergeTopicPages,
  nextSegment,
  parseSegmentName,
  type VNodeState,
} from '../src/index.ts'
import { create, emptyState, roll, seat, topicNumber, trim } from './fixtures.ts'

const t0 = topicNumber(0)

/** Segments 1 [10, 20), 3 [20, 30), 4 [30, …): 0 was trimmed, 2 ended empty. */
function withSegments(): VNodeState {
  const state = emptyState()
  apply(state, create('a', 1))
  for (const [segment, end] of [10, 20, 20, 30].entries()) {
    apply(state, roll(t0, segment, end, segment === 2 ? { bytes: 0 } : {}))
  }
  apply(state, trim(t0, 1))
  return state
}

describe('finding segments', () => {
  it('by offset: trimmed, sealed, active and beyond are told apart', () => {
    const state = withSegments()
    const at = (offset: number): unknown => {
      const found = findSegment(state, t0, 0, offset)
      return found.kind === 'segment' ? found.segment.segment : found
    }
    const trimmed = { kind: 'trimmed', startOffset: 10 }
    expect([0, 9, 10, 19, 20, 29, 30, 2 ** 40].map(at)).toEqual([trimmed, trimmed, 1, 1, 3, 3, 4, 4])
    expect(findSegment(state, t0, 1, 0)).toEqual({ kind: 'rangeUnknown' })
    expect(findSegment(state, topicNumber(5), 0, 0)).toEqual({ kind: 'rangeUnknown' })
  })

  it('the next one skips the numbers of empty ones', () => {
    const state = withSegments()
    expect([0, 1, 2, 3, 4].map((segment) => nextSegment(state, t0, 0, segment)?.segment)).toEqual([
      1,
      3,
      3,
      4,
      undefined,
    ])
  })
})

describe('pages', () => {
  it('of segments go over ranges, each once', () => {
    const state = emptyState()
    apply(state, create('a', 1, { ranges: { kind: 'fixed', count: 2 }, replicas: [[seat], [seat]] }))
    for (const range of [0, 1]) for (let i = 0; i < 3; i++) apply(state, roll(t0, i, i + 1, { range }))
    for (const limit of [1, 3, 4, 8, 100]) {
      const seen: string[] = []
      let after: { range: number; segment: number } | undefined
      for (;;) {
        const page = listSegments(state, t0, after === undefined ? { limit } : { limit, after })
        seen.push(...(page?.segments ?? []).map((row) => `${row.range}-${row.segment}`))
        if (page?.next === undefined) break
        after = parseSegmentName(page.next)
      }
      expect(seen).toEqual(['0-0', '0-1', '0-2', '0-3', '1-0', '1-1', '1-2', '1-3'])
    }
    expect(listSegments(state, t0, { range: 1, limit: 9 })?.segments).toHaveLength(4)
    expect(listSegments(state, t0, { range: 2, limit: 9 })).toBeUndefined()
    expect(listSegments(state, topicNumber(3), { limit: 9 })).toBeUndefined()
  })

  it('of ranges go on where they stopped, and the last one says so', () => {
    const state = emptyState()
    const replicas = Array.from({ length: 8 }, () => [seat])
    apply(state, create('a', 1, { ranges: { kind: 'fixed', count: 8 }, replicas }))
    const first = describeTopic(state, 'a', { limit: 5 })
    expect([first?.ranges.map(({ range }) => range), first?.next, first?.rangeCount]).toEqual([[0, 1, 2, 3, 4], 4, 8])
    const last = describeTopic(state, 'a', { limit: 5, afterRange: 4 })
    expect([last?.ranges.map(({ range }) => range), last?.next]).toEqual([[5, 6, 7], undefined])
    expect(describeTopic(state, 'b', { limit: 5 })).toBeUndefined()
  })

  it('of topics come by name, with a prefix, and merge over vNodes', () => {
    const states = [emptyState(), emptyState()]
    const names = Array.from({ length: 1_500 }, (_, i) => `t${(i * 7_919) % 1_500}`)
    names.forEach((name, i) => apply(states[i % 2] as VNodeState, create(name, i)))
    const walk = (prefix: string, limit: number): string[] => {
      const seen: string[] = []
      let after: string | undefined
      for (;;) {
        const request = after === undefined ? { prefix, limit } : { prefix, limit, after }
        const page = mergeTopicPages(
          states.map((state) => listTopics(state, request)),
          limit,
        )
        seen.push(...page.topics.map((summary) => summary.topic.name))
        if (page.next === undefined) return seen
        after = page.next
      }
    }
    const sorted = [...names].sort()
    expect(walk('', 100)).toEqual(sorted)
    expect(walk('t12', 7)).toEqual(sorted.filter((name) => name.startsWith('t12')))
    expect(walk('x', 7)).toEqual([])
  })

  it('sum up what is sealed', () => {
    const [summary] = listTopics(withSegments(), { limit: 1 }).topics
    expect(summary).toMatchObject({ rangeCount: 1, segmentCount: 3, sealedBytes: 200, sealedRecordCount: 20 })
    expect(summary?.active.map((row) => row.segment)).toEqual([4])
  })
})
