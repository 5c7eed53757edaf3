import { codedError } from '@eastguard/protocol'
import { describe, expect, it } from 'vitest'
import { connectWith } from '../src/index.ts'
import { FakeBroker } from './fake-broker.ts'
import { codeOf, connected, pass, run, world } from './world.ts'

describe('connecting', () => {
  it('takes the first seed that answers', async () => {
    const { clock, components } = await world()
    const eg = await run(clock, connectWith({ seeds: ['nobody', 'broker:2921'] }, components))
    expect(eg.cluster).toEqual({ clusterId: 'c'.repeat(32), software: 'fake' })
    await run(clock, eg.close())
  })

  it('names the seeds that did not answer in time', async () => {
    const { clock, components } = await world()
    const failure = await run(
      clock,
      connectWith({ seeds: ['a:1', 'b:2'], connectTimeoutMs: 3000 }, components).catch((error: unknown) => error),
      3000,
    )
    expect(failure).toMatchObject({ code: 'EG_UNREACHABLE', facts: { seeds: 'a:1, b:2' } })
    expect(clock.timerCount).toBe(0)
  })

  it('refuses a broker of another cluster', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    await broker.stop()
    broker.clusterId = 'd'.repeat(32)
    await broker.start()
    expect(await run(clock, codeOf(eg.admin.topics.describe('t')))).toBe('EG_WRONG_CLUSTER')
  })

  it.each([
    ['a seed that is none', { seeds: ['http://x'] }],
    ['no seed', { seeds: [] }],
    ['a bound that is exceeded', { seeds: ['a'], callTimeoutMs: 0 }],
  ])('refuses %s', async (_what, settings) => {
    const { components } = await world()
    expect(await codeOf(connectWith(settings, components))).toBe('EG_INVALID_ARGUMENT')
  })

  it('ends with its signal', async () => {
    const { clock, components } = await world()
    const controller = new AbortController()
    const connecting = connectWith({ seeds: ['nobody'], signal: controller.signal }, components)
    controller.abort()
    await expect(run(clock, connecting)).rejects.toBe(controller.signal.reason)
  })

  it('leaves no timer and no connection behind', async () => {
    const { broker, clock, components } = await world({ script: { mute: true } })
    const eg = await run(clock, connectWith({ seeds: ['broker'] }, components))
    broker.addTopic('t')
    await run(clock, eg.producer('t').send({ value: 'x' }))
    const reader = eg.reader('t')
    await run(clock, reader[Symbol.asyncIterator]().next())
    await run(clock, eg.close())
    await pass(clock, 1000) // the broker's own idle timer
    expect(broker.connections.size).toBe(0)
    expect(clock.timerCount).toBe(0)
    expect(() => eg.producer('t')).toThrowError('closed')
  })

  it('closes with no broker alive', async () => {
    const { broker, clock, components } = await world()
    const eg = await run(clock, connectWith({ seeds: ['broker'] }, components))
    broker.addTopic('t')
    const sent = codeOf(eg.producer('t').send({ value: 'x' }))
    await broker.stop()
    await run(clock, eg.close({ timeoutMs: 500 }), 501)
    expect(await sent).toBe('EG_CLOSED')
  })
})

describe('connections', () => {
  it('are one per broker, however many sessions there are', async () => {
    const { broker, clock, eg } = await connected()
    for (const name of ['a', 'b', 'c']) broker.addTopic(name, 4)
    const producers = ['a', 'b', 'c'].map((name) => eg.producer(name))
    await run(
      clock,
      Promise.all(producers.flatMap((p) => [1, 2, 3].map((key) => p.send({ key: `${key}`, value: 'x' })))),
    )
    expect(broker.connectionCount).toBe(1)
  })

  it('follow the leader to another broker', async () => {
    const { broker, clock, eg, network } = await connected()
    const other = new FakeBroker(network, clock, { port: 3000 })
    await other.start()
    broker.addTopic('t')
    other.addTopic('t')
    broker.leader = { brokerId: other.brokerId, ...other.address }
    await run(clock, eg.producer('t').send({ value: 'x' }))
    expect(await other.stored('t')).toEqual(['x'])
    expect([broker.connectionCount, other.connectionCount]).toEqual([1, 1])
  })

  it('are replaced when the broker asks to go away, while what is open goes on', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    const producer = eg.producer('t')
    await run(clock, producer.send({ value: 'a' }))
    broker.goAway()
    await pass(clock, 0)
    await run(clock, eg.admin.topics.describe('t'))
    expect(broker.connectionCount).toBe(2)
    await run(clock, producer.send({ value: 'b' }))
    expect(await broker.stored('t')).toEqual(['a', 'b'])
  })

  it('come back with growing, bounded delays', async () => {
    const { broker, clock, eg, network } = await connected({
      settings: { reconnectFirstMs: 100, reconnectMaxMs: 1000 },
    })
    broker.addTopic('t')
    await broker.stop()
    const attempts: number[] = []
    const { connect } = network
    network.connect = (...args) => {
      attempts.push(clock.now())
      return connect.apply(network, args)
    }
    const described = codeOf(eg.admin.topics.describe('t', { timeoutMs: 10_000 }))
    await run(clock, described, 10_000)
    const delays = attempts.slice(1).map((at, i) => at - (attempts[i] ?? 0))
    expect(delays.length).toBeGreaterThan(10)
    expect(delays[0]).toBeLessThan(250)
    for (const delay of delays.slice(6)) expect(delay).toBeGreaterThanOrEqual(500)
    for (const delay of delays) expect(delay).toBeLessThanOrEqual(1001)
    await broker.start()
    await run(clock, eg.admin.topics.describe('t'), 2000)
  })

  it('are not made in a hurry to a broker that greets and hangs up', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    broker.script.cut = (direction, count) => direction === 'in' && count % 2 === 0
    expect(await run(clock, codeOf(eg.admin.topics.describe('t', { timeoutMs: 20_000 })))).toBe('EG_UNREACHABLE')
    expect(broker.connectionCount).toBeLessThan(30)
  })

  it('end when a broker is silent while something is awaited', async () => {
    const { broker, clock, eg } = await connected({ settings: { probeIntervalMs: 1000 } })
    broker.addTopic('t')
    broker.script.deaf = () => broker.connectionCount === 1
    await run(clock, eg.admin.topics.describe('t'), 4000)
    expect(broker.connectionCount).toBeGreaterThan(1)
  })
})

describe('administration', () => {
  it('creates, describes and deletes topics', async () => {
    const { clock, eg } = await connected()
    const created = await run(clock, eg.admin.topics.create('t', { ranges: 4, retention: '7d' }))
    expect(created.rangeList).toHaveLength(4)
    expect((await run(clock, eg.admin.topics.describe('t'))).id).toBe(created.id)
    expect(await run(clock, eg.admin.topics.delete('t'))).toBe(created.id)
    expect(await run(clock, codeOf(eg.admin.topics.describe('t')))).toBe('EG_TOPIC_NOT_FOUND')
  })

  it('sends durations in ms, none as null, and nothing that was not asked for', async () => {
    const asked: unknown[] = []
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    broker.script.calls = {
      alterTopic: async (request) => {
        asked.push(request.policy)
        return { topic: broker.describe('t') }
      },
    }
    await run(clock, eg.admin.topics.alter('t', { retention: '7d', segmentAge: 'none' }))
    expect(asked).toEqual([
      expect.objectContaining({ retentionMs: 604_800_000, segmentAgeMs: null, replicas: undefined }),
    ])
    expect(await codeOf(eg.admin.topics.alter('t', { retention: 0 }))).toBe('EG_INVALID_ARGUMENT')
    expect(await codeOf(eg.admin.topics.create('t', { ranges: 3 }))).toBe('EG_INVALID_ARGUMENT')
    expect(await codeOf(eg.admin.topics.create('__t'))).toBe('EG_INVALID_NAME')
  })

  it('lists page by page', async () => {
    const { broker, clock, eg } = await connected()
    const policy = broker.addTopic('t') && broker.describe('t').policy
    const summary = (name: string) => ({
      id: '0'.repeat(16),
      name,
      createdAt: 0,
      rangeCount: 1,
      segmentCount: 1,
      policy,
      recordCount: 0,
      bytes: 0,
    })
    broker.script.calls = {
      listTopics: async ({ after }) =>
        after === undefined ? { topics: [summary('a'), summary('b')], next: 'b' } : { topics: [summary('c')] },
    }
    const topics = await run(clock, eg.admin.topics.list().toArray())
    expect(topics.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
  })

  it('asks again for a create whose answer was lost, with the same request id', async () => {
    const ids: string[] = []
    const { broker, clock, eg } = await connected()
    broker.script.calls = {
      createTopic: async ({ requestId, name }) => {
        ids.push(requestId.toString())
        broker.addTopic(name)
        if (ids.length === 1) for (const connection of broker.connections) connection.cut()
        return { topic: broker.describe(name), repeated: ids.length > 1 }
      },
    }
    await run(clock, eg.admin.topics.create('t'))
    expect(ids).toHaveLength(2)
    expect(ids[0]).toBe(ids[1])
  })

  it('says unknown of a change whose answer was lost, and does not repeat it', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    let calls = 0
    broker.script.calls = {
      deleteTopic: async () => {
        calls++
        for (const connection of broker.connections) connection.cut()
        return { id: '0'.repeat(16) }
      },
    }
    expect(await run(clock, codeOf(eg.admin.topics.delete('t')))).toBe('EG_OUTCOME_UNKNOWN')
    expect(calls).toBe(1)
  })

  it('repeats what had no effect, and ends by the deadline', async () => {
    let calls = 0
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    broker.script.calls = {
      describeTopic: async ({ name }) => {
        if (++calls < 3) throw codedError('EG_NOT_COORDINATOR', 'elsewhere')
        return broker.describe(name)
      },
    }
    await run(clock, eg.admin.topics.describe('t'))
    expect(calls).toBe(3)
    broker.script = { deaf: (kind) => kind !== 'describeBroker' }
    const read = codeOf(eg.admin.topics.describe('t', { timeoutMs: 2000 }))
    const changed = codeOf(eg.admin.topics.delete('t', { timeoutMs: 2000 }))
    expect(await run(clock, Promise.all([read, changed]), 2000)).toEqual(['EG_TIMEOUT', 'EG_OUTCOME_UNKNOWN'])
  })

  it('keeps a doubt through later failures and aborts', async () => {
    const { broker, clock, eg } = await connected({ script: { deaf: () => true } })
    const controller = new AbortController()
    const created = codeOf(eg.admin.topics.create('t', {}, { signal: controller.signal }))
    await pass(clock, 10)
    await broker.stop()
    await pass(clock, 100)
    controller.abort()
    expect(await run(clock, created)).toBe('EG_OUTCOME_UNKNOWN')
  })
})
