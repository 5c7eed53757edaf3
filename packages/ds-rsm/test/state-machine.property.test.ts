import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  apply,
  assertInvariants,
  type Command,
  decodeCommand,
  encodeCommand,
  exportRows,
  ForwardInvariants,
  importRows,
  type RangesMode,
  type VNodeState,
} from '../src/index.ts'
import { create, emptyState, roll, seat, topicNumber, trim } from './fixtures.ts'

// A step is drawn without knowing the state; it becomes a command when it is its turn, mostly a sensible one.
type Step = (state: VNodeState) => Command

const small = fc.nat({ max: 7 })
const modes: RangesMode[] = [{ kind: 'auto' }, { kind: 'fixed', count: 1 }, { kind: 'fixed', count: 4 }]

const creates = fc.tuple(small, fc.nat({ max: 40 }), fc.constantFrom(...modes), fc.nat({ max: 500 })).map(
  ([name, request, ranges, vnodeTime]): Step =>
    () => {
      const count = ranges.kind === 'auto' ? 1 : ranges.count
      const replicas = Array.from({ length: count }, () => [seat])
      return create(`topic-${name}`, request, { ranges, replicas, vnodeTime })
    },
)
const rolls = fc
  .tuple(small, fc.nat({ max: 3 }), fc.nat({ max: 9 }), fc.nat({ max: 500 }), fc.integer({ min: -1, max: 1 }))
  .map(
    ([topic, range, records, vnodeTime, wrong]): Step =>
      (state) => {
        const active = state.range(topicNumber(topic), range)?.segments.active
        const segment = Math.max(0, (active?.segment ?? 0) + (records === 3 ? wrong : 0))
        const end = (active?.startOffset ?? 0) + records
        return roll(topicNumber(topic), segment, end, { range, bytes: records * 10, vnodeTime })
      },
  )
const trims = fc.tuple(small, fc.nat({ max: 12 })).map(
  ([topic, below]): Step =>
    () =>
      trim(topicNumber(topic), below),
)
const deletes = small.map(
  (topic): Step =>
    () => ({ kind: 'deleteTopic', epoch: 1, topic: topicNumber(topic) }),
)
const alters = fc.tuple(small, fc.constantFrom(null, 0, 1_000)).map(
  ([topic, retentionMs]): Step =>
    () => ({ kind: 'alterTopic', epoch: 1, topic: topicNumber(topic), policy: { retentionMs } }),
)
const times = fc.nat({ max: 900 }).map(
  (vnodeTime): Step =>
    () => ({ kind: 'advanceTime', vnodeTime }),
)

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: creates },
    { weight: 8, arbitrary: rolls },
    { weight: 2, arbitrary: trims },
    { weight: 1, arbitrary: deletes },
    { weight: 1, arbitrary: alters },
    { weight: 1, arbitrary: times },
  ),
  { maxLength: 80 },
)

const rowsOf = (state: VNodeState): unknown[] => [...exportRows(state)].map(([key, value]) => [...key, -1, ...value])

describe('random commands', () => {
  it('keep every invariant after each step', () => {
    fc.assert(
      fc.property(steps, (drawn) => {
        const state = emptyState()
        const forward = new ForwardInvariants()
        for (const step of drawn) {
          apply(state, step(state))
          assertInvariants(state)
          forward.observe(state)
        }
      }),
    )
  })

  it('change nothing at all when they are refused or repeated', () => {
    fc.assert(
      fc.property(steps, (drawn) => {
        const state = emptyState()
        for (const step of drawn) {
          const before = rowsOf(state)
          const { outcome, writes } = apply(state, step(state))
          if (outcome.kind === 'applied') continue
          expect([writes, rowsOf(state)]).toEqual([[], before])
        }
      }),
    )
  })

  it('give two replicas that read the same bytes the same answers and the same rows', () => {
    fc.assert(
      fc.property(steps, (drawn) => {
        const [one, other] = [emptyState(), emptyState()]
        for (const step of drawn) {
          const bytes = encodeCommand(step(one))
          expect(apply(one, decodeCommand(bytes)).outcome).toEqual(apply(other, decodeCommand(bytes)).outcome)
        }
        expect(rowsOf(one)).toEqual(rowsOf(other))
      }),
    )
  })

  // H6
  it('go on in an imported state as in the exported one: import∘export is identity', () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const state = emptyState()
        for (const step of before) apply(state, step(state))
        const copy = importRows(exportRows(state))
        assertInvariants(copy)
        expect(rowsOf(copy)).toEqual(rowsOf(state))
        for (const step of after) {
          const command = step(state)
          expect(apply(copy, command)).toEqual(apply(state, command))
        }
        expect([copy.segmentCount, [...copy.namesFrom('')]]).toEqual([state.segmentCount, [...state.namesFrom('')]])
      }),
    )
  })
})
