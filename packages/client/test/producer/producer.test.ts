import { type Clock, sleep } from '@eastguard/kernel'
import { codedError } from '@eastguard/protocol'
import type { Codec } from '@eastguard/record'
import { describe, expect, it } from 'vitest'
import { codeOf, connected, pass, run, turn } from '../world.ts'

describe('a producer', () => {
  it('sends records in batches and resolves each with its own receipt', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    const producer = eg.producer('t')
    const sent = ['a', 'b', 'c'].map((value) => producer.send({ key: 'k', value, headers: { h: 'x' } }))
    const receipts = await run(clock, Promise.all(sent))
    expect(receipts.map(({ offset }) => offset)).toEqual([0, 1, 2])
    expect(receipts[0]).toMatchObject({ topic: 't', range: 0, replicas: 1 })
    expect(await broker.stored('t')).toEqual(['a', 'b', 'c'])
    expect(broker.appendCount).toBe(1)
  })

  it('waits for more records as long as it lingers, and no longer', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    const producer = eg.producer('t', { lingerMs: 50 })
    await run(clock, producer.send({ value: 'first' }))
    const lingering = producer.send({ value: 'second' })
    await pass(clock, 49)
    expect(broker.appendCount).toBe(1)
    await pass(clock, 1)
    expect(broker.appendCount).toBe(2)
    await lingering
  })

  it('sends what one turn brings when it does not linger', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    const producer = eg.producer('t', { lingerMs: 0 })
    await run(clock, producer.send({ value: 'first' }))
    const now = clock.now()
    await Promise.all([producer.send({ value: 'a' }), producer.send({ value: 'b' })])
    expect(clock.now()).toBe(now)
    expect(broker.appendCount).toBe(2)
  })

  it('closes a batch at its size', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    const producer = eg.producer('t', { batchBytes: 1000 })
    const sent = Array.from({ length: 10 }, () => producer.send({ value: 'x'.repeat(300) }))
    await run(clock, Promise.all(sent))
    expect(broker.appendCount).toBe(4)
  })

  it('keeps records of one key in one range, and spreads those without a key', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t', 4)
    const producer = eg.producer('t', { batchBytes: 200 })
    const keyed = await run(clock, Promise.all(['1', '2', '3'].map((value) => producer.send({ key: 'k', value }))))
    expect(new Set(keyed.map(({ range }) => range)).size).toBe(1)
    const keyless = Array.from({ length: 16 }, () => producer.send({ value: 'x'.repeat(100) }))
    const ranges = (await run(clock, Promise.all(keyless))).map(({ range }) => range)
    expect(new Set(ranges).size).toBe(4)
  })

  it('waits while its buffer is full, and trySend does not', async () => {
    const { broker, clock, eg } = await connected({ script: { append: () => 'ignore' } })
    broker.addTopic('t')
    const producer = eg.producer('t', { bufferBytes: 1000, deadlineMs: 500 })
    const first = codeOf(producer.send({ value: 'x'.repeat(700) }))
    const second = codeOf(producer.send({ value: 'y'.repeat(700) }))
    expect(producer.trySend({ value: 'z' })).toBeUndefined()
    await pass(clock, 499)
    expect(producer.bufferedBytes).toBeLessThan(1000)
    expect(await run(clock, first)).toBe('EG_OUTCOME_UNKNOWN')
    expect(await run(clock, second)).toBe('EG_TIMEOUT')
    expect(broker.appendCount).toBe(1)
  })

  it('lets no small record overtake a large one that waits for room', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    const producer = eg.producer('t', { bufferBytes: 1500 })
    const sent = ['a'.repeat(900), 'b'.repeat(900), 'c'].map((value) => producer.send({ value }))
    await run(clock, Promise.all(sent))
    expect((await broker.stored('t')).map((value) => value[0])).toEqual(['a', 'b', 'c'])
  })

  it('takes a record larger than its whole buffer when nothing else is in it', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    const producer = eg.producer('t', { bufferBytes: 10 })
    await run(clock, Promise.all([producer.send({ value: 'a' }), producer.send({ value: 'b' })]))
    expect(await broker.stored('t')).toEqual(['a', 'b'])
  })

  it('says of a record that was never sent that it never will be', async () => {
    const { broker, clock, eg } = await connected({
      script: { refuseOpen: () => codedError('EG_OVERLOADED', 'later') },
    })
    broker.addTopic('t')
    const producer = eg.producer('t', { deadlineMs: 1000 })
    const sent = codeOf(producer.send({ value: 'a' }))
    await pass(clock, 999)
    await pass(clock, 1)
    expect(await sent).toBe('EG_TIMEOUT')
    broker.script = {}
    await run(clock, producer.send({ value: 'b' }))
    expect(await broker.stored('t')).toEqual(['b'])
  })

  it('reports what was in flight when the connection broke as unknown, does not send it again, and goes on', async () => {
    const { broker, clock, eg } = await connected({ script: { append: (n) => (n === 0 ? 'storeSilently' : 'store') } })
    broker.addTopic('t')
    const producer = eg.producer('t', { lingerMs: 0 })
    const doubtful = producer.send({ value: 'doubtful' }).catch((error: unknown) => error)
    await turn()
    await turn()
    for (const connection of broker.connections) connection.cut()
    const later = producer.send({ value: 'later' })
    expect(await run(clock, doubtful)).toMatchObject({
      code: 'EG_OUTCOME_UNKNOWN',
      facts: { topic: 't', range: 0, count: 1 },
    })
    await run(clock, later)
    expect(await broker.stored('t')).toEqual(['doubtful', 'later'])
    expect(broker.connectionCount).toBe(2)
  })

  it('sends a refused batch again, in order, when the broker says that it was not stored', async () => {
    const refuse = codedError('EG_OVERLOADED', 'later')
    const script = {
      append: (n: number) => (n === 1 ? ({ refuse, acceptedBelow: 'said' } as const) : ('store' as const)),
    }
    const { broker, clock, eg } = await connected({ script })
    broker.addTopic('t')
    const producer = eg.producer('t', { batchBytes: 1 })
    const sent = ['a', 'b', 'c', 'd'].map((value) => producer.send({ value }))
    await run(clock, Promise.all(sent))
    expect(await broker.stored('t')).toEqual(['a', 'b', 'c', 'd'])
  })

  it('rejects a batch that the broker finds wrong, and sends those behind it', async () => {
    const refuse = codedError('EG_BATCH_MALFORMED', 'no')
    const script = {
      append: (n: number) => (n === 1 ? ({ refuse, acceptedBelow: 'said' } as const) : ('store' as const)),
    }
    const { broker, clock, eg } = await connected({ script })
    broker.addTopic('t')
    const producer = eg.producer('t', { batchBytes: 1 })
    const sent = ['a', 'b', 'c', 'd'].map((value) => codeOf(producer.send({ value })))
    expect(await run(clock, Promise.all(sent))).toEqual(['ok', 'EG_BATCH_MALFORMED', 'ok', 'ok'])
    expect(await broker.stored('t')).toEqual(['a', 'c', 'd'])
  })

  it('rejects all that waits when the broker gives up, and tries again with the next record', async () => {
    const refuse = codedError('EG_DISK_FULL', 'full')
    const script = {
      append: (n: number) => (n === 1 ? ({ refuse, acceptedBelow: 'said' } as const) : ('store' as const)),
    }
    const { broker, clock, eg } = await connected({ script })
    broker.addTopic('t')
    const producer = eg.producer('t', { batchBytes: 1 })
    const sent = ['a', 'b', 'c'].map((value) => codeOf(producer.send({ value })))
    expect(await run(clock, Promise.all(sent))).toEqual(['ok', 'EG_DISK_FULL', 'EG_DISK_FULL'])
    await run(clock, producer.send({ value: 'd' }))
    expect(await broker.stored('t')).toEqual(['a', 'd'])
  })

  it('follows a roll without an error', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    const producer = eg.producer('t', { lingerMs: 0 })
    await run(clock, producer.send({ value: 'a' }))
    broker.moveSessions()
    await run(clock, Promise.all([producer.send({ value: 'b' }), producer.send({ value: 'c' })]))
    expect(await broker.stored('t')).toEqual(['a', 'b', 'c'])
  })

  it('moves waiting records to the ranges that replaced theirs, in order', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    const producer = eg.producer('t', { batchBytes: 1 })
    await run(clock, producer.send({ key: 'k', value: 'before' }))
    broker.script.refuseOpen = () => codedError('EG_RANGE_SEALED', 'replaced')
    broker.moveSessions()
    const sent = ['1', '2', '3'].map((value) => producer.send({ key: 'k', value }))
    await pass(clock, 100)
    broker.topics.delete('t')
    broker.addTopic('t', 2)
    broker.script = {}
    const receipts = await run(clock, Promise.all(sent))
    const [first] = receipts
    expect(await broker.stored('t', first?.range)).toEqual(['1', '2', '3'])
  })

  it('lets no record take the new ranges before those of its key that are under way in the old ones', async () => {
    const { broker, clock, eg } = await connected()
    const old = broker.addTopic('t', 2)
    const producer = eg.producer('t', { lingerMs: 0 })
    const first = await run(clock, producer.send({ key: 'k', value: 'first' }))
    const other = ['a', 'b', 'c', 'd'].map((key) => producer.send({ key, value: key }))
    const otherRange = 1 - first.range
    expect((await run(clock, Promise.all(other))).some(({ range }) => range === otherRange)).toBe(true)
    broker.script.append = () => 'ignore'
    const sent = [producer.send({ key: 'k', value: '1' })]
    await pass(clock, 1)
    broker.topics.delete('t')
    broker.topics.set('old', old)
    broker.addTopic('t', 4)
    broker.script = {}
    broker.closeSessions(codedError('EG_RANGE_SEALED', 'replaced'), otherRange)
    sent.push(...['a', 'b', 'c', 'd'].map((key) => producer.send({ key, value: key })))
    await pass(clock, 50)
    sent.push(producer.send({ key: 'k', value: '2' }))
    await pass(clock, 50)
    expect((await Promise.all([0, 1, 2, 3].map((range) => broker.stored('t', range)))).flat()).toEqual([])
    broker.closeSessions(codedError('EG_RANGE_SEALED', 'replaced'), first.range)
    await run(clock, Promise.all(sent))
    const stored = (await Promise.all([0, 1, 2, 3].map((range) => broker.stored('t', range)))).flat()
    expect(stored.filter((value) => value < 'a')).toEqual(['1', '2'])
    expect(stored).toHaveLength(6)
  })

  it('keeps the order through a codec that takes its time, also while batches are opened for new ranges', async () => {
    const clocks: Clock[] = []
    const bodies: Uint8Array[] = []
    const pause = (ms: number): Promise<void> => (clocks[0] === undefined ? Promise.resolve() : sleep(clocks[0], ms))
    const codec: Codec = {
      id: 1,
      name: 'gzip',
      encode: async (body) => {
        const packed = Uint8Array.of(bodies.push(body.slice()) - 1)
        await pause(bodies.length % 2 === 0 ? 1 : 20) // the second is ready before the first
        return packed
      },
      decode: async (packed) => {
        await pause(10)
        return bodies[packed[0] ?? -1] ?? new Uint8Array()
      },
    }
    const { broker, clock, eg } = await connected({ codecs: [codec] })
    broker.addTopic('t')
    const producer = eg.producer('t', { compression: 'gzip', batchBytes: 1 })
    clocks.push(clock)
    await run(clock, Promise.all(['1', '2', '3'].map((value) => producer.send({ key: 'k', value }))))
    broker.script.refuseOpen = () => codedError('EG_RANGE_SEALED', 'replaced')
    const old = broker.topics.get('t')
    broker.moveSessions()
    const sent = ['4', '5'].map((value) => producer.send({ key: 'k', value }))
    await pass(clock, 100)
    broker.topics.delete('t')
    if (old !== undefined) broker.topics.set('old', old)
    broker.addTopic('t', 2)
    broker.script = {}
    for (let i = 0; i < 100; i++) {
      sent.push(producer.send({ key: 'k', value: `x${i}` }))
      await pass(clock, 20)
    }
    const receipts = await run(clock, Promise.all(sent))
    clocks.pop()
    expect(await broker.stored('old', 0, [codec])).toEqual(['1', '2', '3'])
    const stored = await broker.stored('t', receipts[0]?.range, [codec])
    expect(stored).toEqual(['4', '5', ...Array.from({ length: 100 }, (_, i) => `x${i}`)])
    const reader = eg.reader('t', { until: 'now' })
    const read: (string | null)[] = []
    await run(
      clock,
      (async () => {
        for await (const record of reader) read.push(record.text)
      })(),
    )
    expect(read).toEqual(stored)
  })

  it('rejects with the topic that does not exist', async () => {
    const { broker, clock, eg } = await connected()
    const producer = eg.producer('nope')
    expect(await run(clock, codeOf(producer.send({ value: 'a' })))).toBe('EG_TOPIC_NOT_FOUND')
    broker.addTopic('nope')
    await run(clock, producer.send({ value: 'b' }))
  })

  it('rejects once the topic has been deleted', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    const producer = eg.producer('t')
    await run(clock, producer.send({ value: 'a' }))
    broker.topics.delete('t')
    broker.closeSessions(codedError('EG_RANGE_SEALED', 'deleted'))
    expect(await run(clock, codeOf(producer.send({ value: 'b' })))).toBe('EG_TOPIC_NOT_FOUND')
  })

  it('names a record that no batch can hold', async () => {
    const { broker, clock, eg } = await connected({ limits: { batchBytesMax: 2048 } })
    broker.addTopic('t')
    const producer = eg.producer('t')
    const large = { value: 'x'.repeat(2048) }
    expect(await run(clock, codeOf(producer.send(large)))).toBe('EG_RECORD_TOO_LARGE')
    const many = await producer.sendMany([{ value: 'ok' }, large]).catch((error: unknown) => error)
    expect(many).toMatchObject({ code: 'EG_RECORD_TOO_LARGE', facts: { index: 1, limit: 2048 } })
    expect(await broker.stored('t')).toEqual([])
  })

  it('sends many with one promise, through a buffer that is smaller than they are', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t', 2)
    const producer = eg.producer('t', { bufferBytes: 4000, batchBytes: 500 })
    const records = Array.from({ length: 100 }, (_, i) => ({ key: `k${i % 7}`, value: `v${i}` }))
    const receipts = await run(clock, producer.sendMany(records))
    expect(receipts.count).toBe(100)
    const stored = [await broker.stored('t', 0), await broker.stored('t', 1)]
    for (let i = 0; i < 100; i++) {
      const { range, offset } = receipts.at(i)
      expect(stored[range]?.[offset]).toBe(`v${i}`)
    }
    expect(receipts.batches.reduce((sum, batch) => sum + batch.count, 0)).toBe(100)
  })

  it('says how many of a call are stored, unknown, and not written', async () => {
    const script = { append: (n: number) => (n === 0 ? ('store' as const) : ('ignore' as const)) }
    const { broker, clock, eg } = await connected({ script })
    broker.addTopic('t')
    const producer = eg.producer('t', { deadlineMs: 100, batchBytes: 1 })
    const failure = await run(
      clock,
      producer.sendMany([{ value: 'a' }, { value: 'b' }]).catch((error: unknown) => error),
    )
    expect(failure).toMatchObject({
      code: 'EG_OUTCOME_UNKNOWN',
      facts: { storedCount: 1, unknownCount: 1, failedCount: 0 },
    })
  })

  it('flushes what came before and does not wait for what comes after', async () => {
    const script = { append: (n: number) => (n === 0 ? ('store' as const) : ('ignore' as const)) }
    const { broker, clock, eg } = await connected({ script })
    broker.addTopic('t')
    const producer = eg.producer('t', { lingerMs: 1000, deadlineMs: 5000 })
    const before = producer.send({ value: 'before' })
    const flushed = producer.flush()
    const after = codeOf(producer.send({ value: 'after' }))
    await run(clock, flushed, 500)
    await before
    expect(await broker.stored('t')).toEqual(['before'])
    await run(clock, after)
  })

  it('closes with no broker alive, and says what became of each record', async () => {
    const { broker, clock, eg } = await connected({ script: { append: () => 'ignore' } })
    broker.addTopic('t')
    const producer = eg.producer('t', { batchBytes: 1 })
    const sent = codeOf(producer.send({ value: 'a' }))
    await pass(clock, 10)
    await broker.stop()
    const unsent = codeOf(producer.send({ value: 'b' }))
    await run(clock, producer.close({ timeoutMs: 300 }), 301)
    expect([await sent, await unsent]).toEqual(['EG_OUTCOME_UNKNOWN', 'EG_CLOSED'])
    expect(await codeOf(producer.send({ value: 'c' }))).toBe('EG_CLOSED')
  })

  it('does not write what was aborted in time, and says unknown of what was not', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    const producer = eg.producer('t', { lingerMs: 100 })
    const early = new AbortController()
    const notYet = producer.send({ value: 'early' }, { signal: early.signal })
    early.abort()
    await expect(notYet).rejects.toBe(early.signal.reason)
    await run(clock, producer.send({ value: 'x' }))
    const late = new AbortController()
    const taken = codeOf(producer.send({ value: 'late' }, { signal: late.signal }))
    late.abort()
    expect(await taken).toBe('EG_OUTCOME_UNKNOWN')
    await run(clock, producer.flush())
    expect(await broker.stored('t')).toEqual(['x', 'late'])
  })

  it('takes acknowledgements that do not fit for the end of the connection', async () => {
    const { broker, clock, eg } = await connected({ script: { append: () => 'ignore' } })
    broker.addTopic('t')
    const producer = eg.producer('t', { lingerMs: 0 })
    const sent = codeOf(producer.send({ value: 'a' }))
    await turn()
    await turn()
    const { encodeAppendAck } = await import('@eastguard/protocol')
    const ack = {
      below: 2,
      windowBytes: 1,
      windowBatches: 1,
      receipts: [0, 1].map((n) => ({ baseOffset: n, appendTime: 0 })),
    }
    for (const connection of broker.connections)
      for (let stream = 1; stream < 9; stream++) connection.send('appendAck', stream, encodeAppendAck(ack))
    expect(await run(clock, sent)).toBe('EG_OUTCOME_UNKNOWN')
    expect(broker.connectionCount).toBe(1)
  })
})
