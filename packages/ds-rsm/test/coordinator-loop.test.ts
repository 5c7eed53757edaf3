import { silentLogger } from '@eastguard/kernel'
import { MemoryClock, MemoryGroupStorage } from '@eastguard/kernel/testing'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type ActionOutcome,
  CoordinatorLoop,
  type CoordinatorSurroundings,
  createVNodes,
  defaultLocalProposerSettings,
  formatSegmentId,
  LocalProposer,
  parseRequestId,
  planCreateTopic,
  type SegmentId,
  type StoreRequest,
} from '../src/index.ts'
import { seat } from './fixtures.ts'
import { FakeStore } from './world.ts'

const clusterId = 'c1'.repeat(16)
const pageIntervalMs = 500

/** A loop over a real proposer and a fake store, with the clock in the test's hand. */
class Surroundings implements CoordinatorSurroundings {
  readonly store = new FakeStore()
  readonly failures: string[] = []
  readonly reports = {
    status: (id: SegmentId) => this.store.status(id),
    segments: () => this.store.all(),
  }
  ranges = 0
  /** Requests fail as long as this is there. */
  broken: Error | undefined

  get waitingRangeCount(): number {
    return this.ranges - [...this.store.segments.values()].filter(({ state }) => state === 'open').length
  }

  follow(): void {}

  async perform(request: StoreRequest): Promise<ActionOutcome> {
    if (this.broken !== undefined) throw this.broken
    const answer = this.store.perform({ kind: 'request', key: '', request })
    return answer === undefined ? { kind: 'done' } : { kind: 'fenced', answer }
  }

  failed(what: string): void {
    this.failures.push(what)
  }
}

const clock = new MemoryClock()
const opened: AsyncDisposable[] = []
afterEach(async () => {
  for (let value = opened.pop(); value !== undefined; value = opened.pop()) await value[Symbol.asyncDispose]()
})

const settle = async (ms = 0): Promise<void> => {
  for (let i = 0; i < 20; i++) {
    clock.advance(i === 0 ? ms : 0)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const open = async (
  surroundings: Surroundings,
  storage: MemoryGroupStorage,
  bootId = seat.bootId,
): Promise<{ readonly proposer: LocalProposer; readonly loop: CoordinatorLoop; readonly started: Promise<void> }> => {
  const proposer = await LocalProposer.open(defaultLocalProposerSettings, { storage, clock, logger: silentLogger })
  const self = { ...seat, bootId }
  const loop = new CoordinatorLoop(
    { clusterId, self, pageIntervalMs, callTimeoutMs: 1_000 },
    { proposer, directory: proposer, clock, surroundings },
  )
  opened.push(proposer, loop)
  const started = loop.start()
  await settle()
  return { proposer, loop, started }
}

const newStorage = async (): Promise<MemoryGroupStorage> => {
  const storage = new MemoryGroupStorage()
  await createVNodes(storage, { count: 1, clusterId, brokerId: seat.brokerId })
  return storage
}

const createTopic = async (proposer: LocalProposer, surroundings: Surroundings): Promise<SegmentId> => {
  const [vnode] = proposer.vnodes
  if (vnode === undefined) throw new Error('no vNode')
  const wish = { epoch: 1, requestId: parseRequestId('ab'.repeat(16)), name: 'orders', seats: [seat] }
  const rest = { ranges: { kind: 'auto' }, policy: { segmentBytes: 4_096 }, vnodeTime: 0, wallTime: 0 } as const
  surroundings.ranges++
  const deadline = clock.now() + 1_000
  const outcome = await proposer.propose(vnode, planCreateTopic({ ...wish, ...rest }), { deadline })
  if (outcome.kind === 'refused' || outcome.result.kind !== 'topicCreated') throw new Error('not created')
  return formatSegmentId({ topic: outcome.result.topic, range: 0, segment: 0 })
}

describe('the loop of the coordinators', () => {
  it('opens the segments of a created topic at once, without its timer', async () => {
    const surroundings = new Surroundings()
    const { proposer, started } = await open(surroundings, await newStorage())
    await started
    const segment = await createTopic(proposer, surroundings)
    await settle()
    expect(surroundings.store.segments.get(segment)?.state).toBe('open')
  })

  it('rolls by size when the next page comes by, and seals what it rolled', async () => {
    const surroundings = new Surroundings()
    const { proposer } = await open(surroundings, await newStorage())
    const segment = await createTopic(proposer, surroundings)
    await settle()
    surroundings.store.append(segment, 100)
    await settle()
    expect(surroundings.store.segments.size).toBe(1)
    await settle(pageIntervalMs)
    expect([...surroundings.store.segments.values()].map(({ state }) => state)).toEqual(['sealed', 'open'])
  })

  it('has started when what a restart fenced has rolled', async () => {
    const surroundings = new Surroundings()
    const storage = await newStorage()
    const first = await open(surroundings, storage)
    const segment = await createTopic(first.proposer, surroundings)
    await settle()
    surroundings.store.append(segment, 3)
    await first.loop.close()
    await first.proposer.close()
    surroundings.store.restart()
    const { started } = await open(surroundings, storage.reopen(), seat.bootId + 1)
    await started
    expect(surroundings.waitingRangeCount).toBe(0)
  })

  it('has started although nothing works, says so, and tries again when it does', async () => {
    const surroundings = new Surroundings()
    const storage = await newStorage()
    const first = await open(surroundings, storage)
    await createTopic(first.proposer, surroundings)
    await first.loop.close()
    await first.proposer.close()
    surroundings.store.segments.clear()
    surroundings.broken = new Error('the disk is full')
    const { started, loop } = await open(surroundings, storage.reopen(), seat.bootId + 1)
    await started
    expect([loop.stuckRangeCount, surroundings.failures.length]).toEqual([1, 1])
    surroundings.broken = undefined
    for (let i = 0; i < 4; i++) await settle(pageIntervalMs)
    expect([loop.stuckRangeCount, surroundings.waitingRangeCount]).toEqual([0, 0])
  })

  it('leaves no timer and nothing under way behind when it is closed', async () => {
    const surroundings = new Surroundings()
    const timers = clock.timerCount
    const { proposer, loop } = await open(surroundings, await newStorage())
    await createTopic(proposer, surroundings)
    await loop.close()
    await proposer.close()
    expect(clock.timerCount).toBe(timers)
  })
})
