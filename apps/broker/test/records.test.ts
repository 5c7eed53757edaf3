import type { EastGuard, Reader } from '@eastguard/client'
import { isEastGuardError } from '@eastguard/kernel'
import { MemoryGroupStorage } from '@eastguard/kernel/testing'
import { describe, expect, it } from 'vitest'
import { World } from './world.ts'

const text = (bytes: Uint8Array | null): string => (bytes === null ? 'null' : new TextDecoder().decode(bytes))

const readAll = async (client: EastGuard, topic: string): Promise<string[]> => {
  const values: string[] = []
  for await (const { value } of client.reader(topic, { from: 'start', until: 'now' })) values.push(text(value))
  return values
}

const take = async (reader: Reader, count: number): Promise<string[]> => {
  const values: string[] = []
  for await (const { value } of reader) {
    values.push(text(value))
    if (values.length === count) break
  }
  return values
}

const produce = async (client: EastGuard, topic: string, values: readonly string[]): Promise<void> => {
  const producer = client.producer(topic, { lingerMs: 0 })
  await Promise.all(values.map((value) => producer.send({ key: 'k', value })))
  await producer.close()
}

const segmentCount = async (client: EastGuard, topic: string): Promise<number> =>
  (await client.admin.topics.describe(topic)).rangeList[0]?.segmentCount ?? 0

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (isEastGuardError(error) ? error.code : String(error)),
  )

const values = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `value ${from + i}`)

describe('records', () => {
  it('come back in their order, and again after a clean restart', async () => {
    await using world = await World.start()
    const client = await world.client()
    await client.admin.topics.create('orders')
    await produce(client, 'orders', values(0, 500))
    expect(await readAll(client, 'orders')).toEqual(values(0, 500))
    await world.restart()
    expect(await readAll(client, 'orders')).toEqual(values(0, 500))
  })

  it('that were acknowledged survive a power failure', async () => {
    await using world = await World.start()
    const client = await world.client()
    await client.admin.topics.create('orders')
    await produce(client, 'orders', values(0, 300))
    await world.crash()
    const again = await world.client()
    expect(await readAll(again, 'orders')).toEqual(values(0, 300))
    await produce(again, 'orders', values(300, 400))
    await world.crash()
    expect(await readAll(await world.client(), 'orders')).toEqual(values(0, 400))
  })

  it('are not acknowledged before the disk has them', async () => {
    await using world = await World.start()
    const client = await world.client()
    await client.admin.topics.create('orders')
    await produce(client, 'orders', ['first'])
    const release = world.disk.hold('sync')
    const producer = client.producer('orders', { lingerMs: 0 })
    let acknowledged = false
    const receipt = producer.send({ value: 'held' }).then(() => {
      acknowledged = true
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(acknowledged).toBe(false)
    expect(await readAll(client, 'orders')).toEqual(['first']) // P3: nor readable
    release()
    await receipt
    expect(await readAll(client, 'orders')).toEqual(['first', 'held'])
  })

  it('are pushed to a reader that follows the tail', async () => {
    await using world = await World.start()
    const client = await world.client()
    await client.admin.topics.create('orders')
    const reader = client.reader('orders', { from: 'start' })
    const seen = take(reader, 20)
    await produce(client, 'orders', values(0, 10))
    await produce(client, 'orders', values(10, 20))
    expect(await seen).toEqual(values(0, 20))
  })

  it('keep their order over many rolls while they are written, and readers follow', async () => {
    await using world = await World.start()
    const client = await world.client()
    await client.admin.topics.create('orders', { segmentBytes: 4_096 })
    const following = take(client.reader('orders', { from: 'start' }), 2_000)
    const producer = client.producer('orders', { lingerMs: 0 })
    for (let round = 0; round < 4; round++) {
      const receipts = values(round * 500, (round + 1) * 500).map((value) => producer.send({ key: 'k', value }))
      await expect.poll(() => segmentCount(client, 'orders'), { interval: 1 }).toBeGreaterThan(round + 1)
      await Promise.all(receipts)
    }
    expect(await following).toEqual(values(0, 2_000))
    expect(await readAll(client, 'orders')).toEqual(values(0, 2_000))
    await world.crash()
    expect(await readAll(await world.client(), 'orders')).toEqual(values(0, 2_000))
  })
})

describe('after a restart', () => {
  it('a reader gets what the old segment holds as soon as that is sealed, without a new record', async () => {
    await using world = await World.start()
    const client = await world.client()
    const { id } = await client.admin.topics.create('orders')
    await produce(client, 'orders', ['first'])
    await produce(client, 'orders', ['second'])
    await world.powerFailure()
    // The port opens when the successor takes appends; the old segment's seal is held back from then on.
    const listen = world.network.listen.bind(world.network)
    let release = (): void => {}
    world.network.listen = (...call) => {
      release = world.disk.hold('sync', `segments/${id}/0/0000000000.seg`)
      return listen(...call)
    }
    await world.start()
    const seen = readAll(await world.client(), 'orders')
    const early = await Promise.race([seen, new Promise((resolve) => setTimeout(() => resolve('waits'), 50))])
    release()
    expect([early, await seen]).toEqual(['waits', ['first', 'second']])
  })

  it('a journal that is gone is damage, and no offset is given a second time', async () => {
    await using world = await World.start()
    const client = await world.client()
    await client.admin.topics.create('orders')
    await produce(client, 'orders', values(0, 5))
    await world.powerFailure()
    for (const { name } of await world.disk.list('journal')) await world.disk.remove(`journal/${name}`)
    expect(await codeOf(world.start())).toBe('EG_DATA_DIR_DAMAGED')
  })

  it('metadata that is gone, or of another cluster, is refused, and no record file goes (P17)', async () => {
    await using world = await World.start()
    const client = await world.client()
    await client.admin.topics.create('orders')
    await produce(client, 'orders', values(0, 5))
    await world.broker?.close()
    await using other = await World.start()
    const foreign = await other.client()
    for (const name of ['orders', 'others']) {
      await foreign.admin.topics.create(name)
      await foreign.admin.topics.delete(name)
    }
    const own = world.storage.reopen()
    world.storage = other.storage.reopen()
    expect(await codeOf(world.start())).toBe('EG_DATA_DIR_FOREIGN')
    world.storage = new MemoryGroupStorage()
    expect(await codeOf(world.start())).toBe('EG_DATA_DIR_DAMAGED')
    world.storage = own
    await world.start()
    expect(await readAll(await world.client(), 'orders')).toEqual(values(0, 5))
  })

  it('a birth that was cut short goes on as what it began', async () => {
    await using world = new World()
    world.disk.fail({ operation: 'rename' })
    expect(await codeOf(world.start({ bootstrap: true }))).toBe('EG_DISK_FAILED')
    world.storage = world.storage.reopen()
    const { identity } = await world.start({ bootstrap: true })
    await world.restart()
    expect(world.broker?.identity).toMatchObject({ clusterId: identity.clusterId, brokerId: identity.brokerId })
  })

  it('full metadata keeps ranges from taking records, and nobody from reading and deleting', async () => {
    await using world = await World.start()
    const client = await world.client()
    await client.admin.topics.create('orders')
    await produce(client, 'orders', values(0, 10))
    world.storage.setCapacity(1)
    await world.restart()
    const again = await world.client()
    expect(await readAll(again, 'orders')).toEqual(values(0, 10))
    const { healthy, problems } = await again.admin.broker.describe()
    expect([healthy, problems]).toEqual([false, [expect.stringMatching(/^1 ranges take no appends/)]])
    await again.admin.topics.delete('orders')
    expect(await again.admin.topics.list().toArray()).toEqual([])
  })
})

describe('a topic', () => {
  it('that is deleted takes its files with it, and its readers and writers hear so', async () => {
    await using world = await World.start()
    const client = await world.client()
    await client.admin.topics.create('orders')
    await produce(client, 'orders', values(0, 10))
    const reader = client.reader('orders', { from: 'start' })
    expect(await take(reader, 10)).toEqual(values(0, 10))
    const following = codeOf(take(client.reader('orders', { from: 'end' }), 1))
    await client.admin.topics.delete('orders')
    expect(await following).toBe('EG_TOPIC_NOT_FOUND')
    expect(await codeOf(client.producer('orders', { deadlineMs: 2_000 }).send({ value: 'late' }))).toBe(
      'EG_TOPIC_NOT_FOUND',
    )
    await expect.poll(async () => (await world.disk.list('segments').catch(() => [])).length).toBe(0)
  })

  it('that is trimmed starts later and gives its oldest files back', async () => {
    await using world = await World.start()
    const client = await world.client()
    await client.admin.topics.create('orders', { segmentBytes: 4_096 })
    for (let i = 0; i < 8; i++) {
      await produce(client, 'orders', [`${i}`.padEnd(5_000, '.')])
      await expect.poll(() => segmentCount(client, 'orders'), { interval: 1 }).toBeGreaterThan(i + 1)
    }
    const [trimmed] = await client.admin.topics.trim('orders', 'end')
    const left = await readAll(client, 'orders')
    expect([trimmed?.startOffset, left.length]).toEqual([8, 0])
    await expect.poll(async () => (await world.disk.list('segments')).length).toBe(0)
    await produce(client, 'orders', ['later'])
    expect(await readAll(client, 'orders')).toEqual(['later'])
  })

  it('forgets by age, and never what has no age', async () => {
    await using world = await World.start()
    const client = await world.client()
    await client.admin.topics.create('short', { segmentBytes: 4_096, retention: '1s' })
    await client.admin.topics.create('long', { segmentBytes: 4_096, retention: 'none' })
    for (const topic of ['short', 'long']) {
      for (let i = 0; i < 4; i++) await produce(client, topic, [`${i}`.padEnd(3_000, '.')])
    }
    await expect
      .poll(async () => (await client.admin.topics.describe('short')).rangeList[0]?.startOffset, { timeout: 10_000 })
      .toBeGreaterThan(0)
    expect((await readAll(client, 'long')).length).toBe(4)
  })
})

describe('a failing disk', () => {
  it('stops the broker at once, and nothing that failed was acknowledged', async () => {
    await using world = await World.start()
    const client = await world.client()
    await client.admin.topics.create('orders')
    await produce(client, 'orders', ['kept'])
    world.disk.fail({ operation: 'sync' })
    const producer = client.producer('orders', { lingerMs: 0, deadlineMs: 500 })
    // P15: the bytes may be on the disk, and recovery may find them: nobody can say that they are not.
    expect(await codeOf(producer.send({ value: 'lost' }))).toBe('EG_OUTCOME_UNKNOWN')
    expect((await world.broker?.failed)?.code).toBe('EG_STORE_FAILED')
    await world.crash()
    expect(await readAll(await world.client(), 'orders')).toEqual(['kept'])
  })

  it('that is full refuses records, lets topics be deleted, and takes records again', async () => {
    await using world = await World.start()
    const client = await world.client()
    await client.admin.topics.create('orders')
    await produce(client, 'orders', ['kept'])
    const { usedBytes } = await world.disk.space()
    world.disk.setCapacity(Math.ceil(usedBytes / 0.98))
    const producer = client.producer('orders', { lingerMs: 0, deadlineMs: 5_000 })
    await expect.poll(() => codeOf(producer.send({ value: 'refused' })), { timeout: 10_000 }).toBe('EG_DISK_FULL')
    expect(await readAll(client, 'orders')).toContain('kept')
    await client.admin.topics.create('other')
    await client.admin.topics.delete('other')
    world.disk.setCapacity(2 ** 40)
    await expect.poll(() => codeOf(producer.send({ value: 'again' })), { timeout: 10_000 }).toBe('done')
  })

  it('that is full lets the broker start, and delete', async () => {
    await using world = await World.start()
    const client = await world.client()
    await client.admin.topics.create('orders')
    await produce(client, 'orders', ['kept'])
    await world.broker?.close()
    world.disk.setCapacity((await world.disk.space()).usedBytes)
    world.storage = world.storage.reopen()
    await world.start()
    const again = await world.client()
    expect(await readAll(again, 'orders')).toEqual(['kept'])
    await again.admin.topics.delete('orders')
    await world.broker?.close()
    world.storage = world.storage.reopen()
    await world.disk.remove('reserve').catch(() => {})
    world.disk.setCapacity((await world.disk.space()).usedBytes)
    expect(await codeOf(world.start())).toBe('EG_DISK_FULL')
  })

  it('that is full does not hold up a stop', async () => {
    await using world = await World.start({ drainTimeout: '200ms' })
    const client = await world.client()
    await client.admin.topics.create('orders', { segmentBytes: 4_096 })
    world.disk.setCapacity((await world.disk.space()).usedBytes)
    await produce(client, 'orders', ['x'.repeat(5_000)]) // into the journal, whose blocks were written before
    await expect.poll(() => segmentCount(client, 'orders')).toBe(2) // the old one cannot be sealed
    await world.broker?.close()
    world.disk.setCapacity(2 ** 40)
    world.storage = world.storage.reopen()
    await world.start()
    expect((await readAll(await world.client(), 'orders')).length).toBe(1)
  })
})
