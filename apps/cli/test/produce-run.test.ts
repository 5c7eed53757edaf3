import { AbortSource, type Deferred, deferred, EastGuardError } from '@eastguard/kernel'
import { describe, expect, it } from 'vitest'
import type { LineSource } from '../src/produce/line-source.ts'
import { valueSource } from '../src/produce/line-source.ts'
import { pendingBytesMax, pendingCountMax, type ReceiptLike } from '../src/produce/outcomes.ts'
import { type ProduceResult, runProduce } from '../src/produce/produce-run.ts'
import { parseRecordLine } from '../src/produce/record-line.ts'

const receipt = (offset: number): ReceiptLike => ({ topic: 't', range: 0, offset, time: 1, replicas: 1 })
const failing = (code: string): EastGuardError => new EastGuardError({ code, remedy: 'retry', message: code })

/** A producer whose outcomes the test gives, one by one. */
class HandProducer {
  readonly sent: Deferred<ReceiptLike>[] = []
  readonly closes: (number | undefined)[] = []
  flushed: Deferred<void> = deferred()

  send = (): Promise<ReceiptLike> => {
    const outcome = deferred<ReceiptLike>()
    this.sent.push(outcome)
    return outcome.promise
  }
  flush = (): Promise<void> => this.flushed.promise
  close = async ({ timeoutMs }: { readonly timeoutMs?: number } = {}): Promise<void> => {
    this.closes.push(timeoutMs)
    for (const outcome of this.sent) outcome.reject(failing('EG_CLOSED'))
  }
}

interface Started {
  readonly producer: HandProducer
  readonly told: (readonly [offset: number, line: number | undefined])[]
  readonly stop: AbortSource
  readonly result: Promise<ProduceResult>
}

function start(source: LineSource, wrongLine?: number): Started {
  const producer = new HandProducer()
  const told: (readonly [number, number | undefined])[] = []
  const stop = new AbortSource()
  const result = runProduce({
    source,
    producer,
    parse: (line, number) => {
      if (number === wrongLine) throw failing('EG_INVALID_ARGUMENT')
      return parseRecordLine(line, number, { kind: 'lines' }, { key: null, headers: [] })
    },
    receipt: (given, line) => void told.push([given.offset, line]),
    progress: async () => {},
    signal: stop.signal,
  })
  return { producer, told, stop, result }
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}
const lines = (count: number): string[] => Array.from({ length: count }, (_, index) => `line ${index + 1}`)

describe('a run of produce', () => {
  it('tells receipts in the order of the lines, whatever order they come in', async () => {
    const { producer, told, result } = start(valueSource(lines(3)))
    await turns()
    producer.sent[2]?.resolve(receipt(2))
    producer.sent[1]?.resolve(receipt(1))
    await turns()
    expect(told).toEqual([])
    producer.sent[0]?.resolve(receipt(0))
    producer.flushed.resolve()
    expect(await result).toMatchObject({ acknowledged: 3, unknown: 0, notSent: 0, failure: undefined, complete: true })
    expect(told).toEqual([
      [0, undefined],
      [1, undefined],
      [2, undefined],
    ])
  })

  it('P15: closes the producer at the first failure, so that nothing becomes visible behind the gap', async () => {
    const { producer, told, result } = start(valueSource(lines(5)))
    await turns()
    producer.sent[0]?.resolve(receipt(0))
    producer.sent[3]?.resolve(receipt(3))
    producer.sent[1]?.reject(failing('EG_OUTCOME_UNKNOWN'))
    const { failure, ...counts } = await result
    expect(producer.closes).toEqual([0])
    expect(failure).toMatchObject({ code: 'EG_OUTCOME_UNKNOWN' })
    expect(counts).toMatchObject({ acknowledged: 2, unknown: 1, notSent: 2, firstUnacknowledgedLine: 2 })
    expect(told).toEqual([
      [0, undefined],
      [3, 4],
    ])
  })

  it('counts the lines that it never came to as not sent', async () => {
    const count = pendingCountMax + 100
    const { producer, result } = start(valueSource(lines(count)))
    await turns()
    expect(producer.sent).toHaveLength(pendingCountMax)
    producer.sent[0]?.reject(failing('EG_DISK_FULL'))
    expect(await result).toMatchObject({ acknowledged: 0, notSent: count, firstUnacknowledgedLine: 1, complete: true })
  })

  it('counts the lines that it had asked for when a record failed', async () => {
    const more = deferred<void>()
    const source: LineSource = {
      size: 2,
      finite: true,
      async *groups() {
        yield { lines: [new Uint8Array(1)].values(), bytes: 1 }
        await more.promise
        yield { lines: [new Uint8Array(1), new Uint8Array(1)].values(), bytes: 2 }
      },
    }
    const { producer, result } = start(source)
    await turns()
    producer.sent[0]?.reject(failing('EG_OUTCOME_UNKNOWN'))
    await turns()
    more.resolve()
    expect(await result).toMatchObject({ acknowledged: 0, unknown: 1, notSent: 2, complete: true })
  })

  it('sends on when half of what was under way has its outcome', async () => {
    const { producer, result } = start(valueSource(lines(pendingCountMax + 1)))
    await turns()
    for (let i = 0; i < pendingCountMax / 2; i++) producer.sent[i]?.resolve(receipt(i))
    await turns()
    expect(producer.sent).toHaveLength(pendingCountMax + 1)
    for (const outcome of producer.sent) outcome.resolve(receipt(0))
    producer.flushed.resolve()
    expect(await result).toMatchObject({ acknowledged: pendingCountMax + 1, notSent: 0 })
  })

  it('P18: has no more than a bound of bytes under way, however few records those are', async () => {
    const large = 'x'.repeat(pendingBytesMax / 4)
    const { producer, result } = start(valueSource([large, large, large, large, large, large]))
    await turns()
    expect(producer.sent).toHaveLength(4)
    producer.sent[0]?.resolve(receipt(0))
    await turns()
    expect(producer.sent).toHaveLength(4)
    producer.sent[1]?.resolve(receipt(1))
    await turns()
    expect(producer.sent).toHaveLength(6)
    for (const outcome of producer.sent) outcome.resolve(receipt(0))
    producer.flushed.resolve()
    expect(await result).toMatchObject({ acknowledged: 6 })
  })

  it('sends what stands before a wrong line, and names that line', async () => {
    const { producer, result } = start(valueSource(lines(4)), 3)
    await turns()
    expect(producer.sent).toHaveLength(2)
    for (const outcome of producer.sent) outcome.resolve(receipt(0))
    producer.flushed.resolve()
    expect(await result).toMatchObject({ acknowledged: 2, notSent: 2, firstUnacknowledgedLine: 3, complete: true })
    expect(producer.closes).not.toContain(0)
  })

  it('that is interrupted while it waits for input gives what is under way a moment, and says what it did not read', async () => {
    const never: LineSource = {
      size: undefined,
      finite: false,
      async *groups() {
        yield { lines: [new Uint8Array(1), new Uint8Array(1)].values(), bytes: 2 }
        await new Promise(() => {})
      },
    }
    const { producer, stop, result } = start(never)
    await turns()
    producer.sent[0]?.resolve(receipt(0))
    await turns()
    stop.abort(undefined)
    expect(await result).toMatchObject({ acknowledged: 1, notSent: 1, interrupted: true, complete: false })
    expect(producer.closes).toEqual([2_000])
  })
})
