import { codedError } from '@eastguard/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { connectWith } from '../../src/index.ts'
import type { AppendPlan } from '../fake-broker.ts'
import { expectPromisesKept, type Outcome, outcomeOf } from '../history.ts'
import { pass, run, world } from '../world.ts'

const refusal = (code: 'EG_OVERLOADED' | 'EG_NOT_LEADER' | 'EG_BATCH_MALFORMED' | 'EG_DISK_FULL', said: boolean) =>
  ({ refuse: codedError(code, 'scripted'), ...(said ? { acceptedBelow: 'said' as const } : {}) }) as const

const plan: fc.Arbitrary<AppendPlan> = fc.oneof(
  { weight: 12, arbitrary: fc.constant<AppendPlan>('store') },
  { weight: 1, arbitrary: fc.constantFrom<AppendPlan>('storeSilently') },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom('EG_OVERLOADED', 'EG_NOT_LEADER', 'EG_BATCH_MALFORMED', 'EG_DISK_FULL'), fc.boolean())
      .map(([code, said]) => refusal(code, said)),
  },
)

interface Story {
  readonly plans: readonly AppendPlan[]
  /** Frames, counted over both directions, at which the connection is cut. */
  readonly cuts: readonly number[]
  readonly refusedOpens: readonly number[]
  readonly pauses: readonly number[]
  readonly lingerMs: number
  readonly batchBytes: number
  readonly bufferBytes: number
  readonly windowBatches: number
  readonly moveAfter: number
  /** Ranges of the topic that replaces the first one under its name, or 0. */
  readonly replacedBy: number
}

const story: fc.Arbitrary<Story> = fc.record({
  plans: fc.array(plan, { maxLength: 30 }),
  cuts: fc.array(fc.integer({ min: 2, max: 120 }), { maxLength: 4 }),
  refusedOpens: fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 4 }),
  pauses: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 30, maxLength: 30 }),
  lingerMs: fc.constantFrom(0, 1, 5),
  batchBytes: fc.constantFrom(1, 150, 10_000),
  bufferBytes: fc.constantFrom(1, 1000, 100_000),
  windowBatches: fc.constantFrom(0, 1, 3, 256),
  moveAfter: fc.integer({ min: 0, max: 40 }),
  replacedBy: fc.constantFrom(0, 0, 1, 4),
})

const deadlineMs = 2000

async function play(told: Story): Promise<void> {
  const { broker, clock, components } = await world({ limits: { produceWindowBatches: told.windowBatches } })
  let frames = 0
  broker.script = {
    append: (n) => told.plans[n] ?? 'store',
    cut: () => told.cuts.includes(frames++),
    refuseOpen: (_kind, n) => (told.refusedOpens.includes(n) ? codedError('EG_NOT_LEADER', 'scripted') : undefined),
  }
  const first = broker.addTopic('t', 2)
  const eg = await run(clock, connectWith({ seeds: ['broker'] }, components))
  const { lingerMs, batchBytes, bufferBytes } = told
  const producer = eg.producer('t', { lingerMs, batchBytes, bufferBytes, deadlineMs })
  const sent: Promise<Outcome>[] = []
  const settledAt: number[] = []
  for (const [i, pause] of told.pauses.entries()) {
    const deadline = clock.now() + deadlineMs
    const outcome = outcomeOf(producer, `k${i % 3}`, `v${i}`)
    sent.push(outcome.finally(() => settledAt.push(clock.now() - deadline)))
    if (i === told.moveAfter) broker.moveSessions()
    if (i === told.moveAfter && told.replacedBy > 0) {
      broker.topics.delete('t')
      broker.topics.set('first', first)
      broker.addTopic('t', told.replacedBy)
    }
    await pass(clock, pause)
  }
  const outcomes = await run(clock, Promise.all(sent), deadlineMs)
  expect(Math.max(...settledAt)).toBeLessThanOrEqual(0)
  await run(clock, eg.close())
  if (told.replacedBy === 0 || told.moveAfter >= 30) await expectPromisesKept(broker, 't', outcomes)
  else await expectOrderOverBoth(broker, outcomes)
  expect(broker.connections.size).toBe(0)
}

/** Records of the first topic, then those of its successor: no key goes back, nothing is there twice. */
async function expectOrderOverBoth(
  broker: Parameters<typeof expectPromisesKept>[0],
  outcomes: readonly Outcome[],
): Promise<void> {
  const all: string[] = []
  for (const name of ['first', 't']) {
    for (const range of broker.topics.get(name)?.ranges.keys() ?? []) all.push(...(await broker.stored(name, range)))
  }
  expect(new Set(all).size).toBe(all.length)
  for (const { value, code } of outcomes) {
    if (code === undefined) expect(all).toContain(value)
    else if (code !== 'EG_OUTCOME_UNKNOWN') expect(all).not.toContain(value)
  }
  for (let key = 0; key < 3; key++) {
    const calls = all.map((value) => Number(value.slice(1))).filter((i) => i % 3 === key)
    expect(calls).toEqual(calls.toSorted((a, b) => a - b))
  }
}

describe('a producer under refusals, lost connections and replaced ranges', () => {
  it('keeps the order of keys, stores nothing twice, and tells each outcome once, truly and in time', async () => {
    await fc.assert(fc.asyncProperty(story, play), { numRuns: 60 })
  }, 60_000)
})
