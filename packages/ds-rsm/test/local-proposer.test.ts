import { AbortSource, type GroupStorage, isEastGuardError, type StorageWrite, silentLogger } from '@eastguard/kernel'
import { MemoryClock, MemoryGroupStorage } from '@eastguard/kernel/testing'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type BirthIds,
  type Command,
  type CreateTopic,
  checkBirth,
  createVNodes,
  defaultLocalProposerSettings,
  exportRows,
  LocalProposer,
  type LocalProposerSettings,
  parseBrokerId,
  parseVNodeId,
  storedBirth,
  topicNameHash,
} from '../src/index.ts'
import { create, policy, roll, say, seat, topicNumber, trim } from './fixtures.ts'

const vnode = parseVNodeId(0)
const ids: BirthIds = { clusterId: 'c1'.repeat(16), brokerId: seat.brokerId }
const deadline = 1_000_000

/** A storage whose commits wait for the test. */
class SlowStorage extends MemoryGroupStorage {
  readonly #waiting: (() => void)[] = []
  slow = false

  override async commit(writes: readonly StorageWrite[]): Promise<void> {
    if (this.slow) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return super.commit(writes)
  }

  get waitingCount(): number {
    return this.#waiting.length
  }

  release(): void {
    this.slow = false
    for (const go of this.#waiting.splice(0)) go()
  }
}

const opened: LocalProposer[] = []
afterEach(async () => {
  for (const proposer of opened.splice(0)) await proposer.close().catch(() => {})
})

async function open(storage: GroupStorage, clock = new MemoryClock(), settings: Partial<LocalProposerSettings> = {}) {
  const all = { ...defaultLocalProposerSettings, ...settings }
  const proposer = await LocalProposer.open(all, { storage, clock, logger: silentLogger })
  opened.push(proposer)
  return proposer
}

async function born(storage: MemoryGroupStorage = new MemoryGroupStorage(), count = 1): Promise<MemoryGroupStorage> {
  await createVNodes(storage, { count, ...ids })
  return storage
}

const rowsOf = (proposer: LocalProposer): Promise<unknown> =>
  proposer.read(vnode, { freshness: 'linearizable', deadline }, ({ state }) => [...exportRows(state)])
const propose = (proposer: LocalProposer, command: Command) => proposer.propose(vnode, command, { deadline })
const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'fulfilled',
    (error: unknown) => (isEastGuardError(error) ? error.code : 'not coded'),
  )
/** Lets everything run that does not wait for time or a slow commit. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}

describe('birth', () => {
  it('happens once, and nothing is invented where the metadata is gone', async () => {
    const storage = new MemoryGroupStorage()
    expect(await code(open(storage))).toBe('EG_NO_CLUSTER')
    await createVNodes(storage, { count: 16, ...ids })
    expect(await code(createVNodes(storage, { count: 16, ...ids }))).toBe('EG_CLUSTER_EXISTS')
  })

  // P17: what another cluster's metadata does not know of is not deleted data.
  it('says whose it is, so that metadata of another cluster or broker is refused', async () => {
    const empty = new MemoryGroupStorage()
    const storage = (await born()).reopen()
    const check = (of: MemoryGroupStorage, expected: BirthIds) => code((async () => checkBirth(of, expected))())
    expect([storedBirth(empty), storedBirth(storage)]).toEqual([undefined, ids])
    expect(await check(storage, ids)).toBe('fulfilled')
    expect(await check(empty, ids)).toBe('EG_NO_CLUSTER')
    const clusterId = 'c2'.repeat(16)
    expect(await check(storage, { ...ids, clusterId })).toBe('EG_DATA_DIR_FOREIGN')
    expect(await check(storage, { ...ids, brokerId: parseBrokerId('b2'.repeat(16)) })).toBe('EG_DATA_DIR_FOREIGN')
    expect(() => checkBirth(storage, { ...ids, clusterId })).toThrow(
      `belongs to broker ${ids.brokerId} of cluster ${ids.clusterId}, and this data directory to broker ${ids.brokerId} of cluster ${clusterId}`,
    )
  })

  it('refuses a format that this release does not know', async () => {
    const storage = await born()
    await storage.commit([{ kind: 'put', key: new Uint8Array([0x67]), value: new Uint8Array([0x91, 3]) }])
    expect(await code(open(storage))).toBe('EG_DATA_DIR_FORMAT')
  })

  it('cuts the names evenly: every hash has one owner', async () => {
    const proposer = await open(await born(new MemoryGroupStorage(), 16))
    expect(proposer.vnodes.map(Number)).toEqual(Array.from({ length: 16 }, (_, i) => i * 2 ** 28))
    expect([0, 2 ** 28 - 1, 2 ** 28, 2 ** 32 - 1].map((hash) => Number(proposer.vnodeOf(hash)))).toEqual([
      0,
      0,
      2 ** 28,
      15 * 2 ** 28,
    ])
  })

  it('keeps vNodes apart in one storage', async () => {
    const storage = await born(new MemoryGroupStorage(), 4)
    const proposer = await open(storage)
    for (let i = 0; i < 40; i++) {
      const owner = proposer.vnodeOf(topicNameHash(`t${i}`))
      expect(say(await proposer.propose(owner, create(`t${i}`, i), { deadline }))).toBe('topicCreated')
    }
    const again = await open(storage.reopen())
    const counts = again.vnodes.map((id) =>
      again.read(id, { freshness: 'cached', deadline }, ({ state }) => state.topicCount),
    )
    expect((await Promise.all(counts)).reduce((sum, count) => sum + count)).toBe(40)
  })
})

describe('durability', () => {
  it('commits a burst of commands once', async () => {
    const storage = await born()
    const proposer = await open(storage)
    const before = storage.commitCount
    await Promise.all(Array.from({ length: 200 }, (_, i) => propose(proposer, create(`t${i}`, i))))
    expect(storage.commitCount - before).toBe(1)
  })

  it('counts a topic of many ranges as many commands of a turn', async () => {
    const storage = await born()
    const proposer = await open(storage, new MemoryClock(), { turnCommandsMax: 10 })
    const before = storage.commitCount
    const ranges = { kind: 'fixed', count: 8 } as const
    const replicas = Array.from({ length: 8 }, () => create('', 0).replicas[0] ?? [])
    await Promise.all([0, 1, 2].map((i) => propose(proposer, create(`t${i}`, i, { ranges, replicas }))))
    expect(storage.commitCount - before).toBe(3)
  })

  it('a restart finds what the memory held', async () => {
    const storage = await born()
    const proposer = await open(storage)
    const t0 = topicNumber(0)
    await propose(proposer, create('a', 1))
    for (let i = 0; i < 6; i++)
      await propose(proposer, roll(t0, i, i === 2 ? 20 : (i + 1) * 10, i === 2 ? { bytes: 0 } : {}))
    await propose(proposer, trim(t0, 2))
    await propose(proposer, create('b', 2))
    await propose(proposer, { kind: 'deleteTopic', epoch: 1, topic: topicNumber(1) })
    const before = await rowsOf(proposer)
    expect(await rowsOf(await open(storage.reopen()))).toEqual(before)
  })

  // P6: what a crash could take back is never shown.
  it('answers no reader and tells no watcher before the commit has resolved', async () => {
    const storage = new SlowStorage()
    const proposer = await open(await born(storage))
    const seen: string[] = []
    proposer.watch(vnode, (event) => seen.push(event.kind))
    storage.slow = true
    const proposed = propose(proposer, create('a', 1)).then(() => seen.push('settled'))
    await settle()
    const read = proposer
      .read(vnode, { freshness: 'cached', deadline }, ({ state }) => seen.push(`read ${state.topicCount}`))
      .then(() => {})
    proposer.watch(vnode, (event) => seen.push(`late ${event.kind}`))
    await settle()
    expect([storage.waitingCount, seen]).toEqual([1, ['present']])
    storage.release()
    await Promise.all([proposed, read])
    expect(new Set(seen.slice(1))).toEqual(new Set(['applied', 'late present', 'read 1', 'settled']))
  })

  it('loses nothing that was settled and shows nothing that was not, when it dies between any two commits', async () => {
    for (let lastCommit = 1; lastCommit <= 6; lastCommit++) {
      const storage = await born()
      const proposer = await open(storage)
      storage.failCommit(lastCommit)
      const names = ['a', 'b', 'c', 'd', 'e', 'f']
      const settled: string[] = []
      for (const [i, name] of names.entries()) {
        if ((await code(propose(proposer, create(name, i)))) === 'fulfilled') settled.push(name)
      }
      const again = await open(storage.reopen())
      const found = await again.read(vnode, { freshness: 'linearizable', deadline }, ({ state }) => [
        ...state.namesFrom(''),
      ])
      expect(found).toEqual(settled)
      expect(settled).toHaveLength(lastCommit - 1)
    }
  })
})

describe('trouble', () => {
  // H52
  it('a rejected commit ends everything: unknown for what was in it, refused for what comes', async () => {
    const storage = await born()
    const proposer = await open(storage, new MemoryClock(), { turnCommandsMax: 1 })
    storage.failCommit()
    const outcomes = [create('a', 1), create('b', 2)].map((command) => code(propose(proposer, command)))
    expect(await Promise.all(outcomes)).toEqual(['EG_OUTCOME_UNKNOWN', 'EG_STORE_FAILED'])
    expect((await proposer.failed).message).toContain('injected')
    expect(await code(propose(proposer, create('c', 3)))).toBe('EG_STORE_FAILED')
    expect(await code(rowsOf(proposer))).toBe('EG_STORE_FAILED')
    await proposer.close()
  })

  it('says timeout or the abort while a command waits, and unknown once its commit is under way', async () => {
    const storage = new SlowStorage()
    const clock = new MemoryClock()
    const proposer = await open(await born(storage), clock)
    storage.slow = true
    const source = new AbortSource()
    const call = (command: CreateTopic) =>
      code(proposer.propose(vnode, command, { deadline: 100, signal: source.signal }))
    const committing = call(create('a', 1))
    await settle()
    const waiting = call(create('b', 2))
    let selected = 0
    const late = code(proposer.read(vnode, { freshness: 'linearizable', deadline: 50 }, () => selected++))
    clock.advance(50)
    const aborted = code(proposer.propose(vnode, create('c', 3), { deadline: 500, signal: source.signal }))
    clock.advance(50)
    source.abort(undefined)
    expect(await Promise.all([committing, waiting, aborted, late])).toEqual([
      'EG_OUTCOME_UNKNOWN',
      'EG_TIMEOUT',
      'EG_ABORTED',
      'EG_TIMEOUT',
    ])
    storage.release()
    await settle()
    const names = await proposer.read(vnode, { freshness: 'linearizable', deadline: 999 }, ({ state }) => [
      ...state.namesFrom(''),
    ])
    expect([names, selected]).toEqual([['a'], 0])
  })

  it('refuses what does not fit the queue', async () => {
    const storage = new SlowStorage()
    const proposer = await open(await born(storage), new MemoryClock(), { waitingCommandsMax: 2 })
    storage.slow = true
    const first = propose(proposer, create('a', 1))
    await settle()
    const rest = [2, 3, 4].map((i) => code(propose(proposer, create(`t${i}`, i))))
    expect(await rest[2]).toBe('EG_OVERLOADED')
    storage.release()
    await first
    expect(await Promise.all(rest)).toEqual(['fulfilled', 'fulfilled', 'EG_OVERLOADED'])
  })

  // H53a
  it('a full storage refuses what grows, lets trims and deletes pass, and recovers', async () => {
    const storage = await born()
    const clock = new MemoryClock()
    const proposer = await open(storage, clock)
    for (const [i, name] of ['a', 'b'].entries()) await propose(proposer, create(name, i))
    for (let i = 0; i < 5; i++) await propose(proposer, roll(topicNumber(0), i, i + 1))
    const before = await rowsOf(proposer)
    storage.setCapacity(0)
    expect(await code(propose(proposer, create('c', 3)))).toBe('EG_STORAGE_FULL')
    expect(await rowsOf(proposer)).toEqual(before) // nothing of the refused turn stays in memory
    const mixed = [create('d', 4), trim(topicNumber(0), 3), create('e', 5)]
    expect(await Promise.all(mixed.map((command) => code(propose(proposer, command))))).toEqual([
      'EG_STORAGE_FULL',
      'fulfilled',
      'EG_STORAGE_FULL',
    ])
    storage.setCapacity(1_000_000)
    expect(say(await propose(proposer, create('f', 6)))).toBe('topicCreated')
    const after = await rowsOf(proposer)
    expect(await rowsOf(await open(storage.reopen()))).toEqual(after)
  })

  it('after close every call says so, and no timer is left', async () => {
    const clock = new MemoryClock()
    const proposer = await open(await born(), clock)
    await propose(proposer, create('a', 1))
    await proposer.close()
    await proposer.close()
    expect(await code(propose(proposer, create('b', 2)))).toBe('EG_CLOSED')
    expect(clock.timerCount).toBe(0)
  })

  it('a malformed command is refused before it waits', async () => {
    const proposer = await open(await born())
    expect(await code(propose(proposer, create('a', 1, { vnodeTime: Number.NaN })))).toBe('EG_MALFORMED')
  })
})

// P16
describe('vNode time', () => {
  const expiring = create('a', 1, { policy: { ...policy, retentionMs: 1_000 } })
  const committed = (proposer: LocalProposer) =>
    proposer.read(vnode, { freshness: 'linearizable', deadline }, ({ state }) => state.vnode.vnodeTime)

  it('is the committed time plus what has passed since the start; downtime and wall clocks count nothing', async () => {
    const storage = await born()
    const clock = new MemoryClock()
    const proposer = await open(storage, clock)
    await propose(proposer, expiring)
    clock.advance(1_500.7)
    clock.setWallTime(10 ** 12)
    expect(proposer.vnodeTime(vnode)).toBe(1_500)
    await proposer.close()
    clock.advance(3_600_000)
    const again = await open(storage.reopen(), clock)
    expect(again.vnodeTime(vnode)).toBe(1_500)
    clock.advance(10)
    expect(again.vnodeTime(vnode)).toBe(1_510)
  })

  it('is committed every minute while anything can expire, so that a crash makes it a minute late at most', async () => {
    const clock = new MemoryClock()
    const storage = await born()
    const proposer = await open(storage, clock)
    const before = storage.commitCount
    clock.advance(60_000)
    await settle()
    expect(storage.commitCount).toBe(before) // nothing can expire
    await propose(proposer, expiring)
    for (let i = 0; i < 3; i++) {
      clock.advance(60_000)
      await settle()
    }
    expect(await committed(proposer)).toBe(240_000)
    clock.advance(59_999)
    expect((await open(storage.reopen(), clock)).vnodeTime(vnode)).toBe(240_000)
  })
})
