import {
  type Deferred,
  deferred,
  EastGuardError,
  InvariantError,
  isEastGuardError,
  silentLogger,
} from '@eastguard/kernel'
import { BatchBuilder, type BatchHeader, checkBatch } from '@eastguard/record'
import type { AppendResult, Offset, SegmentId } from '@eastguard/segment-store'
import { describe, expect, it } from 'vitest'
import { BugAlarm } from '../src/bug-alarm.ts'
import { ByteBudget } from '../src/records/byte-budget.ts'
import { RangeLog, type SegmentAppends } from '../src/records/range-log.ts'

const first = 'aaaaaaaaaaaaaaaa-0-0' as SegmentId
const second = 'aaaaaaaaaaaaaaaa-0-1' as SegmentId
const offset = (value: number): Offset => value
const batch = (name: number): Uint8Array => Uint8Array.of(name)
const header = ((): BatchHeader => {
  const builder = new BatchBuilder({ batchBytesMax: 1_024 })
  builder.tryAdd({ key: null, value: null, headers: [], timestamp: 0 })
  return checkBatch(builder.build())
})()
/** A refusal at the call and one later are the same to this test. */
const append = async (log: RangeLog, bytes: Uint8Array): Promise<AppendResult> => log.append(bytes, header)
const bugs = new BugAlarm(silentLogger)
const coded = (code: string): EastGuardError => new EastGuardError({ code, remedy: 'give-up', message: code })
const gone = coded('EG_TOPIC_NOT_FOUND')
const sealed = coded('EG_SEGMENT_SEALED')
const full = coded('EG_DISK_FULL')
const damaged = coded('EG_DAMAGED')

/** A store whose appends settle when the test says so. */
class HeldStore implements SegmentAppends {
  readonly calls: { segment: SegmentId; batch: Uint8Array; outcome: Deferred<AppendResult> }[] = []
  readonly commits: [SegmentId, Offset][] = []

  /** The batch with this name is refused at the door. */
  refuse: number | undefined

  append(segment: SegmentId, bytes: Uint8Array): Promise<AppendResult> {
    if (bytes[0] === this.refuse) throw gone
    const outcome = deferred<AppendResult>()
    this.calls.push({ segment, batch: bytes, outcome })
    return outcome.promise
  }

  commit(segment: SegmentId, end: Offset): void {
    this.commits.push([segment, end])
  }

  settle(index: number): void {
    this.calls[index]?.outcome.resolve({ baseOffset: offset(index), endOffset: offset(index + 1), appendTime: 0 })
  }

  reject(index: number, error: Error): void {
    this.calls[index]?.outcome.reject(error)
  }

  get order(): string[] {
    return this.calls.map(({ segment, batch: [name] }) => `${segment.slice(-1)}:${name}`)
  }
}

const open = (budget = new ByteBudget(100)): { store: HeldStore; log: RangeLog } => {
  const store = new HeldStore()
  return { store, log: new RangeLog(store, offset(0), budget, bugs) }
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'stored',
    (error: unknown) => (isEastGuardError(error) ? error.code : String(error)),
  )

describe('a range log', () => {
  it('holds what comes before its first segment is open, then gives it in order', async () => {
    const { store, log } = open()
    const appends = [append(log, batch(1)), append(log, batch(2))]
    expect(store.order).toEqual([])
    log.open(first)
    const third = append(log, batch(3))
    expect(store.order).toEqual(['0:1', '0:2', '0:3'])
    for (const index of [0, 1, 2]) store.settle(index)
    expect((await Promise.all([...appends, third])).map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2])
  })

  it('holds what comes during a roll, and the successor gets it first and in order', () => {
    const { store, log } = open()
    log.open(first)
    void append(log, batch(1))
    log.beginRoll()
    void append(log, batch(2))
    void append(log, batch(3))
    expect(store.order).toEqual(['0:1'])
    log.open(second)
    void append(log, batch(4))
    expect(store.order).toEqual(['0:1', '1:2', '1:3', '1:4'])
  })

  it('commits, and tells its readers, only what the store has made durable', async () => {
    const { store, log } = open()
    log.open(first)
    let told = 0
    using _ = log.onCommit(() => told++)
    const stored = append(log, batch(1))
    expect([log.committedEnd, told, store.commits]).toEqual([0, 0, []])
    store.settle(0)
    await stored
    expect([log.committedEnd, told, store.commits]).toEqual([1, 1, [[first, 1]]])
  })

  it('refuses, and keeps nothing of, what would wait beyond the budget that all ranges share', async () => {
    const budget = new ByteBudget(1)
    const one = open(budget)
    const other = open(budget)
    void append(one.log, batch(1))
    expect(await codeOf(append(one.log, batch(2)))).toBe('EG_OVERLOADED')
    expect(await codeOf(append(other.log, batch(3)))).toBe('EG_OVERLOADED')
    one.log.open(first)
    void append(other.log, batch(4))
    other.log.open(second)
    expect([one.store.order, other.store.order, budget.takenBytes]).toEqual([['0:1'], ['1:4'], 0])
  })

  it('takes back, in their order, the batches that a fence met before the journal had them', async () => {
    const { store, log } = open()
    log.open(first)
    const outcomes = [append(log, batch(1)), append(log, batch(2)), append(log, batch(3))].map(codeOf)
    log.beginRoll()
    outcomes.push(codeOf(append(log, batch(4))))
    store.settle(0)
    store.reject(1, sealed)
    store.reject(2, sealed)
    await new Promise((resolve) => setImmediate(resolve))
    log.open(second)
    expect(store.order).toEqual(['0:1', '0:2', '0:3', '1:2', '1:3', '1:4'])
    for (const index of [3, 4, 5]) store.settle(index)
    expect(await Promise.all(outcomes)).toEqual(['stored', 'stored', 'stored', 'stored'])
  })

  it('lets nothing that waits overtake a batch that the old segment refuses late', async () => {
    const { store, log } = open()
    log.open(first)
    const outcomes = [codeOf(append(log, batch(1)))]
    log.beginRoll()
    outcomes.push(codeOf(append(log, batch(2))))
    store.reject(0, full)
    expect(await Promise.all(outcomes)).toEqual(['EG_DISK_FULL', 'EG_DISK_FULL'])
    log.open(second)
    expect(store.order).toEqual(['0:1'])
  })

  it('whose end is not known refuses, until a segment opens', async () => {
    const { store, log } = open()
    const waiting = codeOf(append(log, batch(1)))
    log.refuse(damaged)
    expect([await waiting, await codeOf(append(log, batch(2))), log.refusal?.code]).toEqual([
      'EG_DAMAGED',
      'EG_DAMAGED',
      'EG_DAMAGED',
    ])
    log.open(first)
    void append(log, batch(3))
    expect(store.order).toEqual(['0:3'])
  })

  it('lets nothing overtake a batch that the successor refuses', async () => {
    const { store, log } = open()
    const waiting = [append(log, batch(1)), append(log, batch(2)), append(log, batch(3))].map(codeOf)
    store.refuse = 2
    log.open(first)
    expect(store.order).toEqual(['0:1'])
    store.settle(0)
    expect(await Promise.all(waiting)).toEqual(['stored', 'EG_TOPIC_NOT_FOUND', 'EG_TOPIC_NOT_FOUND'])
  })

  it('raises the alarm when an invariant of the store is broken, and not for a refusal', async () => {
    const { store, log } = open()
    log.open(first)
    const refusedAppend = codeOf(append(log, batch(1)))
    const brokenAppend = codeOf(append(log, batch(2)))
    let raised: unknown
    void bugs.raised.then((error) => {
      raised = error
    })
    store.reject(0, full)
    await refusedAppend
    expect(raised).toBeUndefined()
    store.reject(1, new InvariantError('offsets are continuous', {}))
    await brokenAppend
    expect(raised).toMatchObject({ code: 'EG_INTERNAL', message: expect.stringContaining('offsets are continuous') })
  })

  it('gives every waiter and every later caller the reason of its close, and wakes its readers', async () => {
    const { log } = open()
    const waiting = codeOf(append(log, batch(1)))
    let told = 0
    using _ = log.onCommit(() => told++)
    log.close(gone)
    log.open(first)
    expect(await waiting).toBe('EG_TOPIC_NOT_FOUND')
    expect(await codeOf(append(log, batch(2)))).toBe('EG_TOPIC_NOT_FOUND')
    expect(told).toBe(1)
  })
})
