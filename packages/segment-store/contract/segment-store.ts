import { EastGuardError, InvariantError } from '@eastguard/kernel'
import { BatchBuilder, batchBaseOffset } from '@eastguard/record'
import { formatSegmentId, type ReadAnswer, type SegmentId, type SegmentStore } from '../src/index.ts'

/** A directory, and how to open a store in it. */
export interface StoreSubject {
  /** Opens a store in the subject's directory: empty at first, then with what earlier ones left. */
  open(): Promise<SegmentStore>
}

export interface ContractCase<Subject> {
  readonly name: string
  run(subject: Subject): Promise<void>
}

const id: SegmentId = formatSegmentId({ topic: '00000001000000ff', range: 3, segment: 0 })
const prelude = Uint8Array.of(9, 8, 7)

/** What a store promises on any disk. */
export const segmentStoreCases: readonly ContractCase<StoreSubject>[] = [
  {
    name: 'what is acknowledged and committed is read back, across a clean stop',
    async run(subject) {
      const first = await subject.open()
      first.create(id, 5, prelude)
      for (let i = 0; i < 10; i++) await put(first, batchOf(i, 2))
      same(await countRead(first, 5), 10, 'batches read')
      await first.close()
      const second = await subject.open()
      same(second.status(id)?.state, 'fenced', 'a restarted segment takes no appends')
      same(second.status(id)?.endOffset, 25, 'its end')
      same(await countRead(second, 5), 10, 'batches read after the restart')
      await second.close()
    },
  },
  {
    name: 'only what is committed is readable',
    async run(subject) {
      const store = await subject.open()
      store.create(id, 0, prelude)
      await store.append(id, batchOf(0, 2))
      await store.append(id, batchOf(1, 2))
      same(await store.read(id, 0, 1), { kind: 'end', offset: 0, sealed: false }, 'nothing is committed')
      store.commit(id, 2)
      same((await records(store, 0)).endOffset, 2, 'the first batch is')
      await store.close()
    },
  },
  {
    name: 'a stamped batch must continue the segment',
    async run(subject) {
      const store = await subject.open()
      const other = formatSegmentId({ topic: '00000001000000ff', range: 3, segment: 1 })
      store.create(id, 0, prelude)
      store.create(other, 2, prelude)
      await put(store, batchOf(0, 2))
      const { parts } = await records(store, 0)
      const [stamped = new Uint8Array(0)] = parts
      await refuses(() => store.appendStamped(id, stamped), 'EG_OFFSET_GAP')
      await refuses(() => store.appendStamped(other, stamped), 'EG_BATCH_MALFORMED')
      await store.close()
    },
  },
  {
    name: 'a fence ends appends and answers the durable end; what is unknown has no trace',
    async run(subject) {
      const store = await subject.open()
      same(await store.fence(id), { kind: 'noTrace' }, 'unknown')
      store.create(id, 0, prelude)
      const append = store.append(id, batchOf(0, 3))
      const fence = store.fence(id)
      await append
      same(await fence, { kind: 'end', offset: 3, restarted: false }, 'the end')
      await refuses(() => store.append(id, batchOf(1, 1)), 'EG_SEGMENT_SEALED')
      await store.close()
    },
  },
  {
    name: 'a seal cuts at its end, is done once, and lasts',
    async run(subject) {
      const store = await subject.open()
      store.create(id, 0, prelude)
      for (let i = 0; i < 5; i++) await put(store, batchOf(i, 2))
      await refuses(() => store.seal(id, 11), 'EG_OFFSET_GAP')
      await refuses(() => store.seal(id, 3), 'EG_OFFSET_GAP')
      await store.seal(id, 6)
      await store.seal(id, 6)
      await refuses(() => store.seal(id, 4), 'EG_OFFSET_GAP')
      same(await store.read(id, 6, 1), { kind: 'end', offset: 6, sealed: true }, 'behind the end')
      await store.close()
      const again = await subject.open()
      same(again.status(id)?.state, 'sealed', 'state')
      same(await countRead(again, 0), 3, 'batches')
      await again.close()
    },
  },
  {
    name: 'what is truncated does not come back, and the copy can be completed',
    async run(subject) {
      const store = await subject.open()
      store.create(id, 0, prelude)
      for (let i = 0; i < 4; i++) await put(store, batchOf(i, 1))
      const { parts } = await records(store, 2)
      await store.fence(id)
      await store.truncate(id, 2)
      await store.close()
      const again = await subject.open()
      same(again.status(id)?.endOffset, 2, 'the end')
      const [third = new Uint8Array(0)] = parts
      await refuses(() => again.appendStamped(id, third), 'EG_SEGMENT_SEALED')
      await again.appendStamped(id, third, { settle: true })
      same((await again.fence(id)).kind, 'end', 'a fence')
      same(again.status(id)?.endOffset, 3, 'the completed end')
      await again.close()
    },
  },
  {
    name: 'what is forgotten is gone, and an empty segment leaves no trace',
    async run(subject) {
      const store = await subject.open()
      const empty = formatSegmentId({ topic: '00000001000000ff', range: 3, segment: 9 })
      store.create(id, 0, prelude)
      store.create(empty, 4, prelude)
      await put(store, batchOf(0, 1))
      await store.seal(empty, 4)
      same(store.status(empty), undefined, 'the empty one')
      await store.forget(id)
      await store.forget(id)
      same(await store.read(id, 0, 1), { kind: 'notHere' }, 'a read')
      await store.close()
      const again = await subject.open()
      same(await again.fence(id), { kind: 'noTrace' }, 'after a restart')
      await again.close()
    },
  },
  {
    name: 'a time finds the first batch that is not older',
    async run(subject) {
      const store = await subject.open()
      store.create(id, 0, prelude)
      for (let i = 0; i < 10; i++) await put(store, batchOf(i, 1))
      same(await store.findTime(id, 0), 0, 'before all')
      same(await store.findTime(id, 1_005), 5, 'in the middle')
      same(await store.findTime(id, 2_000), undefined, 'after all')
      await store.seal(id, 10)
      await store.close()
      const again = await subject.open()
      same(await again.findTime(id, 1_005), 5, 'from the file')
      await again.close()
    },
  },
]

function batchOf(seed: number, count: number): Uint8Array {
  const builder = new BatchBuilder({ batchBytesMax: 65_536 })
  for (let i = 0; i < count; i++) {
    builder.tryAdd({ key: null, value: new Uint8Array(50).fill(seed), headers: [], timestamp: 1_000 + seed })
  }
  return builder.build()
}

async function put(store: SegmentStore, batch: Uint8Array): Promise<void> {
  const { endOffset } = await store.append(id, batch)
  store.commit(id, endOffset)
}

async function records(store: SegmentStore, from: number): Promise<Extract<ReadAnswer, { kind: 'records' }>> {
  const answer = await store.read(id, from, 1)
  if (answer.kind !== 'records') throw new InvariantError('there are records', { kind: answer.kind, from })
  return answer
}

async function countRead(store: SegmentStore, from: number): Promise<number> {
  let count = 0
  for (let offset = from; ; ) {
    const answer = await store.read(id, offset, 1)
    if (answer.kind !== 'records') return count
    same(batchBaseOffset(answer.parts[0] ?? new Uint8Array(72)), offset, 'offsets are continuous')
    count += answer.parts.length
    offset = answer.endOffset
  }
}

async function refuses(call: () => Promise<unknown>, code: string): Promise<void> {
  try {
    await call()
  } catch (error) {
    return same(error instanceof EastGuardError ? error.code : String(error), code, 'the refusal')
  }
  throw new InvariantError('the call is refused', { code })
}

function same(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(actual) ?? 'undefined', JSON.stringify(expected) ?? 'undefined']
  if (a !== b) throw new InvariantError(what, { actual: a, expected: b })
}
