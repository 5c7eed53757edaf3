import { codedError } from '@eastguard/protocol'
import { BatchBuilder } from '@eastguard/record'
import { describe, expect, it } from 'vitest'
import type { Reader, ReadRecord } from '../../src/index.ts'
import type { FakeBroker } from '../fake-broker.ts'
import { codeOf, connected, pass, run, startOfTime, turn } from '../world.ts'

/** Stores one batch of records with these values, each a millisecond later than the one before. */
function store(
  broker: FakeBroker,
  topic: string,
  values: readonly string[],
  options: { range?: number; time?: number } = {},
): void {
  const builder = new BatchBuilder({ batchBytesMax: 100_000 })
  for (const [i, value] of values.entries()) {
    builder.tryAdd({
      key: null,
      value: new TextEncoder().encode(value),
      headers: [],
      timestamp: (options.time ?? 0) + i,
    })
  }
  broker.store(broker.describe(topic).id, options.range ?? 0, builder.build())
}

async function values(reader: Reader, limit = Number.POSITIVE_INFINITY): Promise<string[]> {
  const seen: string[] = []
  for await (const record of reader) {
    seen.push(`${record.offset}${record.text}`)
    if (seen.length === limit) break
  }
  return seen
}

describe('a reader', () => {
  it('reads from the start to the end at the start of the call', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    store(broker, 't', ['a', 'b'])
    store(broker, 't', ['c'])
    const reader = eg.reader('t', { until: 'now' })
    await run(clock, reader.ready())
    store(broker, 't', ['too late'])
    expect(await run(clock, values(reader))).toEqual(['0a', '1b', '2c'])
  })

  it('ends at once in an empty topic', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t', 4)
    expect(await run(clock, values(eg.reader('t', { until: 'now' })))).toEqual([])
    expect(await run(clock, values(eg.reader('t', { until: 'end' })))).toEqual([])
  })

  it('follows the tail by push', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    store(broker, 't', ['old'])
    const reader = eg.reader('t', { from: 'end' })
    await run(clock, reader.ready())
    const read = values(reader, 2)
    await turn()
    store(broker, 't', ['a'])
    store(broker, 't', ['b'])
    const now = clock.now()
    expect(await read).toEqual(['1a', '2b'])
    expect(clock.now()).toBe(now)
  })

  it.each([
    [{ from: { offset: 1 }, until: { offset: 3 } }, ['1b', '2c']],
    [{ from: startOfTime - 3_600_000 + 1, until: 'now' as const }, ['1b', '2c', '3d']],
    [{ from: '-1h', until: '-30m' }, ['0a', '1b', '2c', '3d']],
    [{ until: startOfTime - 3_600_000 + 3 }, ['0a', '1b', '2c']],
    [{ until: startOfTime - 3_600_000 + 1 }, ['0a']],
    [{ until: startOfTime - 3_600_000 }, []],
    [{ from: startOfTime, until: 'now' as const }, []],
  ])('reads %o of four records an hour old', async (settings, expected) => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    store(broker, 't', ['a', 'b'], { time: startOfTime - 3_600_000 })
    store(broker, 't', ['c', 'd'], { time: startOfTime - 3_600_000 + 2 })
    expect(await run(clock, values(eg.reader('t', settings)))).toEqual(expected)
  })

  it('starts with the record of a position, and goes on from the position of a reader', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t', 2)
    store(broker, 't', ['a', 'b', 'c'])
    store(broker, 't', ['x', 'y'], { range: 1 })
    const all: ReadRecord[] = []
    const reader = eg.reader('t', { until: 'now' })
    await run(
      clock,
      (async () => {
        for await (const batch of reader.batches()) {
          all.push(...batch)
          if (batch.range === 0) break
        }
      })(),
    )
    const second = all.find((record) => record.range === 0 && record.offset === 1)
    expect(await run(clock, values(eg.reader('t', { from: second?.position ?? '', until: 'now' })))).toEqual([
      '1b',
      '2c',
    ])
    const rest = eg.reader('t', { from: reader.position, until: 'now' })
    const unread = await run(clock, values(rest))
    expect(unread.length).toBe(5 - all.length + 3) // the loop was left inside the batch of range 0: that one comes again
  })

  it('merges ranges, each in its order', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t', 4)
    for (let range = 0; range < 4; range++)
      for (let i = 0; i < 5; i++) store(broker, 't', [`${range}`, `${range}`], { range })
    const reader = eg.reader('t', { until: 'now' })
    const offsets = new Map<number, number[]>()
    await run(
      clock,
      (async () => {
        for await (const { range, offset } of reader) offsets.set(range, [...(offsets.get(range) ?? []), offset])
      })(),
    )
    for (let range = 0; range < 4; range++) expect(offsets.get(range)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(await run(clock, values(eg.reader('t', { range: 2, until: 'now' })))).toHaveLength(10)
  })

  it('goes on at the next offset after a lost connection', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    for (let i = 0; i < 10; i++) store(broker, 't', [`v${i}`])
    let sent = 0
    broker.script.cut = (direction) => direction === 'out' && ++sent % 6 === 0
    expect(await run(clock, values(eg.reader('t', { bufferBytes: 1 }), 10))).toEqual(
      Array.from({ length: 10 }, (_, i) => `${i}v${i}`),
    )
    expect(broker.connectionCount).toBeGreaterThan(2)
  })

  it('takes three idle intervals of silence for the loss of the connection', async () => {
    const { broker, clock, eg } = await connected({ script: { mute: true } })
    broker.addTopic('t')
    store(broker, 't', ['a'])
    const reader = eg.reader('t')
    const read = values(reader, 2)
    await pass(clock, 2999)
    expect(broker.connectionCount).toBe(1)
    await pass(clock, 2000)
    expect(broker.connectionCount).toBe(2)
    store(broker, 't', ['b'])
    expect(await run(clock, read)).toEqual(['0a', '1b'])
  })

  it('keeps its connection as long as the broker says that it is idle', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    const read = values(eg.reader('t'), 1)
    await pass(clock, 60_000)
    expect(broker.connectionCount).toBe(1)
    store(broker, 't', ['a'])
    await run(clock, read)
  })

  it.each([
    ['a flipped byte of the body', (bytes: Uint8Array) => bytes.set([(bytes.at(-1) ?? 0) ^ 1], bytes.length - 1)],
    ['a flipped byte of the offset', (bytes: Uint8Array) => bytes.set([(bytes[8] ?? 0) ^ 1], 8)],
    ['a flipped byte of the append time', (bytes: Uint8Array) => bytes.set([(bytes[16] ?? 0) ^ 1], 16)],
    ['a length that is too large', (bytes: Uint8Array) => bytes.set([0xff], 6)],
  ])('reports %s as damage, after what came before it', async (_what, spoil) => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    for (const value of ['a', 'b', 'c']) store(broker, 't', [value])
    let sent = 0
    broker.script.spoil = (bytes) => {
      if (++sent === 2) spoil(bytes)
    }
    const seen: string[] = []
    const read = (async () => {
      for await (const record of eg.reader('t')) seen.push(record.text ?? '')
    })()
    const failure = await run(
      clock,
      read.catch((error: unknown) => error),
    )
    expect(failure).toMatchObject({ code: 'EG_DAMAGED', facts: { topic: 't', range: 0, offset: 1 } })
    expect(seen).toEqual(['a'])
  })

  it('reports a gap as damage', async () => {
    const { broker, clock, eg } = await connected()
    const topic = broker.addTopic('t')
    for (const value of ['a', 'b', 'c']) store(broker, 't', [value])
    topic.ranges[0]?.batches.splice(1, 1)
    const seen = run(clock, codeOf(values(eg.reader('t'))))
    expect(await seen).toBe('EG_DAMAGED')
  })

  it('counts what retention removed before it came to it', async () => {
    const { broker, clock, eg } = await connected()
    const topic = broker.addTopic('t')
    for (const value of ['a', 'b', 'c']) store(broker, 't', [value])
    const kept = topic.ranges[0]
    kept?.batches.splice(0, 2)
    if (kept !== undefined) kept.start = 2
    const reader = eg.reader('t', { from: { offset: 0 }, until: 'now' })
    expect(await run(clock, values(reader))).toEqual(['2c'])
    expect(reader.skippedCount).toBe(2)
    const fromStart = eg.reader('t', { until: 'now' })
    await run(clock, values(fromStart))
    expect(fromStart.skippedCount).toBe(0)
  })

  it('holds no more than its window while nobody reads on', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    for (let i = 0; i < 50; i++) store(broker, 't', ['x'.repeat(1000)])
    let sent = 0
    broker.script.spoil = () => void sent++
    const reader = eg.reader('t', { bufferBytes: 5000 })
    const iterator = reader[Symbol.asyncIterator]()
    await run(clock, iterator.next())
    await pass(clock, 10_000)
    expect(sent).toBe(4)
    for (let i = 0; i < 5; i++) {
      for (const connection of broker.connections) connection.cut()
      await pass(clock, 5000)
    }
    expect(sent).toBeLessThanOrEqual(6)
    for (let i = 1; i < 50; i++) expect((await run(clock, iterator.next())).value?.offset).toBe(i)
    await run(clock, reader.close())
  })

  it('retries what may pass and reports what will not', async () => {
    const errors = [
      codedError('EG_OVERLOADED', ''),
      codedError('EG_NOT_LEADER', ''),
      codedError('EG_OFFSET_OUT_OF_RANGE', 'no'),
    ]
    const { broker, clock, eg } = await connected({ script: { refuseOpen: (_kind, n) => errors[n] } })
    broker.addTopic('t')
    expect(await run(clock, codeOf(values(eg.reader('t', { from: { offset: 7 } }))))).toBe('EG_OFFSET_OUT_OF_RANGE')
    expect(await run(clock, codeOf(values(eg.reader('nope'))))).toBe('EG_TOPIC_NOT_FOUND')
    expect(await run(clock, codeOf(values(eg.reader('t', { range: 9 }))))).toBe('EG_INVALID_ARGUMENT')
  })

  it('gives up on a leader that stays away for as long as it was told', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    const read = codeOf(values(eg.reader('t', { unreachableMs: 5000 })))
    await pass(clock, 100)
    await broker.stop()
    await pass(clock, 4000)
    expect(await run(clock, read, 12_000)).toBe('EG_UNREACHABLE')
  })

  it('ends with the topic', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    const read = codeOf(values(eg.reader('t')))
    await pass(clock, 100)
    broker.topics.delete('t')
    broker.addTopic('t')
    broker.closeSessions(codedError('EG_RANGE_NOT_FOUND', 'deleted'))
    expect(await run(clock, read)).toBe('EG_TOPIC_NOT_FOUND')
  })

  it('is done when it is closed, and throws the reason when it is aborted', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    const reader = eg.reader('t')
    const read = values(reader)
    await pass(clock, 10)
    await run(clock, reader.close())
    expect(await read).toEqual([])
    const controller = new AbortController()
    const aborted = values(eg.reader('t', { signal: controller.signal }))
    await pass(clock, 10)
    controller.abort()
    await expect(run(clock, aborted)).rejects.toBe(controller.signal.reason)
  })

  it('ends its session when the loop is left', async () => {
    const { broker, clock, eg } = await connected()
    broker.addTopic('t')
    store(broker, 't', ['a', 'b'])
    expect(await run(clock, values(eg.reader('t'), 1))).toEqual(['0a'])
    let sent = 0
    broker.script.spoil = () => void sent++
    store(broker, 't', ['c'])
    await pass(clock, 10)
    expect(sent).toBe(0)
  })
})
