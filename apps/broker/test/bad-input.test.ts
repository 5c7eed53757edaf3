import { SeededRandom } from '@eastguard/kernel'
import {
  decodeClose,
  decodeError,
  encodeAppend,
  encodeFrame,
  encodeHello,
  encodeOpenConsume,
  encodeOpenProduce,
  fromErrorBody,
  kinds,
  requestBytesMax,
} from '@eastguard/protocol'
import { BatchBuilder } from '@eastguard/record'
import { describe, expect, it } from 'vitest'
import { hello, RawClient } from './raw-client.ts'
import { World } from './world.ts'

const batchOf = (...values: readonly string[]): Uint8Array => {
  const builder = new BatchBuilder({ batchBytesMax: 2 ** 20 })
  for (const value of values) {
    builder.tryAdd({ key: null, value: new TextEncoder().encode(value), headers: [], timestamp: 1 })
  }
  return builder.build()
}

const createTopic = async (client: RawClient, name: string): Promise<string> => {
  const requestId = new SeededRandom(name.length).bytes(16)
  const { topic } = await client.call('createTopic', { requestId, name, ranges: { kind: 'auto' }, policy: {} })
  return topic.id
}

/** Opens a produce session on stream 1. */
const openProduce = async (client: RawClient, topic: string): Promise<void> => {
  client.send('openProduce', 1, encodeOpenProduce({ topic, range: 0 }))
  await client.next('produceOpened', 1)
}

/** The broker still serves others. */
const stillServes = async (world: World): Promise<void> => {
  const other = await world.raw()
  expect((await other.call('describeBroker', {})).healthy).toBe(true)
  other.destroy()
}

describe('bad input on the connection', () => {
  it.each([
    ['nothing that is a frame', new SeededRandom(1).bytes(100)],
    ['an empty message', new Uint8Array(0)],
    ['a frame that claims 4 GB', Uint8Array.of(255, 255, 255, 255, 1, 0, 0, 0, 0, 0, 0, 0)],
    ['a call before Hello', encodeFrame({ kind: kinds.describeBroker.number, stream: 1 }, Uint8Array.of(0x80))[0]],
    ['a Hello that is too large', new Uint8Array(5_000)],
  ])('%s before Hello ends it, with an error', async (_what, bytes) => {
    await using world = await World.start()
    const client = await RawClient.connect(world.network, world.address)
    client.sendBytes(bytes as Uint8Array)
    expect(await client.refusal()).toMatch(/^EG_(MALFORMED|FRAME_TOO_LARGE|UNEXPECTED_FRAME)$/)
    await client.closed()
    await stillServes(world)
  })

  it('silence before Hello ends it in the announced time', async () => {
    await using world = await World.start({ helloTimeout: '50ms' })
    const client = await RawClient.connect(world.network, world.address)
    expect(await client.refusal()).toBe('EG_TIMEOUT')
    await client.closed()
  })

  it('a wrong cluster and a wrong version are refused in words', async () => {
    await using world = await World.start()
    for (const [wrong, code] of [
      [{ ...hello, clusterId: '0'.repeat(32) }, 'EG_WRONG_CLUSTER'],
      [{ ...hello, versions: [999] }, 'EG_UNSUPPORTED_VERSION'],
    ] as const) {
      const client = await RawClient.connect(world.network, world.address)
      client.send('hello', 0, encodeHello(wrong))
      expect(await client.refusal()).toBe(code)
    }
  })

  it('a kind that nobody knows is answered, and the connection goes on', async () => {
    await using world = await World.start()
    const client = await world.raw()
    client.sendBytes(...encodeFrame({ kind: 0x7abc, stream: 9 }, new Uint8Array(3)))
    await expect.poll(() => client.unread.length).toBe(1)
    const [answer] = client.unread
    expect([answer?.stream, answer?.error, fromErrorBody(decodeError(answer?.body ?? new Uint8Array())).code]).toEqual([
      9,
      true,
      'EG_UNKNOWN_KIND',
    ])
    expect((await client.call('describeBroker', {})).healthy).toBe(true)
  })

  it('a malformed call is answered with an error, and the connection goes on', async () => {
    await using world = await World.start()
    const client = await world.raw()
    client.send('createTopic', 5, new SeededRandom(3).bytes(64))
    const answer = await client.next('createTopic', 5)
    expect(fromErrorBody(decodeError(answer.body)).code).toBe('EG_MALFORMED')
    await stillServes(world)
  })

  it.each(['createTopic', 'describeTopic', 'openConsume', 'openProduce'] as const)(
    'a request of more than 64 KiB (%s) is answered with an error, and the connection goes on',
    async (kind) => {
      await using world = await World.start()
      const client = await world.raw()
      client.send(kind, 5, new SeededRandom(3).bytes(requestBytesMax + 1))
      await expect.poll(() => client.unread.length).toBe(1)
      const [answer] = client.unread
      expect([answer?.stream, answer?.error]).toEqual([5, true])
      expect(fromErrorBody(decodeError(answer?.body ?? new Uint8Array())).code).toBe('EG_FRAME_TOO_LARGE')
      expect((await client.call('describeBroker', {})).healthy).toBe(true)
      client.send(kind, 5, new SeededRandom(3).bytes(requestBytesMax))
      await expect.poll(() => client.unread.length).toBe(2)
      expect(fromErrorBody(decodeError(client.unread[1]?.body ?? new Uint8Array())).code).toBe('EG_MALFORMED')
    },
  )

  it('a stream that is in use ends the connection', async () => {
    await using world = await World.start()
    const client = await world.raw()
    const topic = await createTopic(client, 't')
    await openProduce(client, topic)
    client.send('openProduce', 1, encodeOpenProduce({ topic, range: 0 }))
    expect(await client.refusal()).toBe('EG_UNEXPECTED_FRAME')
  })

  it('one connection more than allowed is refused', async () => {
    await using world = await World.start({ connectionsMax: 1 })
    const first = await world.raw()
    const second = await RawClient.connect(world.network, world.address)
    expect(await second.refusal()).toBe('EG_OVERLOADED')
    first.destroy()
    await expect
      .poll(() =>
        world.raw().then(
          () => 'served',
          () => 'refused',
        ),
      )
      .toBe('served')
  })
})

describe('bad input in a produce session', () => {
  const refusalOf = async (
    appends: readonly { readonly sequence: number; readonly batch: Uint8Array }[],
    flags: { readonly [key: string]: unknown } = {},
  ): Promise<{ code: string; acceptedBelow: number | undefined; stored: number }> => {
    await using world = await World.start(flags)
    const client = await world.raw()
    const topic = await createTopic(client, 't')
    await openProduce(client, topic)
    for (const append of appends) client.send('append', 1, encodeAppend(append))
    const { code, acceptedBelow } = decodeClose((await client.next('close', 1)).body)
    const { offset } = await client.call('findOffset', { topic, range: 0, at: { kind: 'end' } })
    await stillServes(world)
    return { code, acceptedBelow, stored: offset }
  }

  const flipped = batchOf('x')
  flipped[flipped.length - 1] = (flipped[flipped.length - 1] ?? 0) ^ 1

  it('a damaged batch ends it: what came before is stored, nothing behind it is', async () => {
    const appends = [batchOf('a'), flipped, batchOf('c')].map((batch, sequence) => ({ sequence, batch }))
    expect(await refusalOf(appends)).toEqual({ code: 'EG_BATCH_MALFORMED', acceptedBelow: 1, stored: 1 })
  })

  it('a gap in the sequence ends it', async () => {
    const appends = [
      { sequence: 0, batch: batchOf('a') },
      { sequence: 2, batch: batchOf('c') },
    ]
    expect(await refusalOf(appends)).toEqual({ code: 'EG_UNEXPECTED_FRAME', acceptedBelow: 1, stored: 1 })
  })

  it('a batch above the announced size ends it', async () => {
    const appends = [{ sequence: 0, batch: batchOf('x'.repeat(20_000)) }]
    expect(await refusalOf(appends, { batchBytesMax: '16KiB' })).toMatchObject({
      code: 'EG_BATCH_TOO_LARGE',
      stored: 0,
    })
  })

  it('more batches than the window ends it', async () => {
    const appends = ['a', 'b', 'c'].map((value, sequence) => ({ sequence, batch: batchOf(value) }))
    const { code, stored } = await refusalOf(appends, { produceWindowBatches: 2 })
    expect([code, stored]).toEqual(['EG_WINDOW_EXCEEDED', 2])
  })

  it('a range that is not there is refused at the opening', async () => {
    await using world = await World.start()
    const client = await world.raw()
    const topic = await createTopic(client, 't')
    client.send('openProduce', 1, encodeOpenProduce({ topic, range: 7 }))
    const answer = await client.next('produceOpened', 1)
    expect([answer.error, fromErrorBody(decodeError(answer.body)).code]).toEqual([true, 'EG_RANGE_NOT_FOUND'])
  })
})

describe('a reader', () => {
  it('that does not read stalls itself and nobody else, and costs its window only', async () => {
    await using world = await World.start()
    const writer = await world.client()
    await writer.admin.topics.create('t')
    const producer = writer.producer('t')
    const value = 'x'.repeat(50_000)
    for (let i = 0; i < 100; i++) await producer.send({ value })
    const { id: topic } = await writer.admin.topics.describe('t')
    const stalled = await world.raw()
    stalled.send('openConsume', 1, encodeOpenConsume({ topic, range: 0, from: 0, windowBytes: 200_000 }))
    await stalled.next('consumeOpened', 1)
    await new Promise((resolve) => setTimeout(resolve, 100))
    const sent = stalled.unread.reduce((sum, { body }) => sum + body.length, 0)
    expect(sent).toBeGreaterThan(0)
    expect(sent).toBeLessThanOrEqual(300_000)
    let count = 0
    for await (const _record of writer.reader('t', { from: 'start', until: 'now' })) count++
    expect(count).toBe(100)
  })

  it('hears an idle frame when there is nothing to read', async () => {
    await using world = await World.start({ idleInterval: '20ms' })
    const client = await world.raw()
    const topic = await createTopic(client, 't')
    client.send('openConsume', 1, encodeOpenConsume({ topic, range: 0, from: 0, windowBytes: 1_000 }))
    for (let i = 0; i < 2; i++) expect((await client.next('idle', 1)).stream).toBe(1)
  })

  it('above the committed end is refused', async () => {
    await using world = await World.start()
    const client = await world.raw()
    const topic = await createTopic(client, 't')
    client.send('openConsume', 1, encodeOpenConsume({ topic, range: 0, from: 5, windowBytes: 1_000 }))
    const answer = await client.next('consumeOpened', 1)
    expect(fromErrorBody(decodeError(answer.body)).code).toBe('EG_OFFSET_OUT_OF_RANGE')
  })
})
