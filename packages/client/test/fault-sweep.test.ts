import { describe, expect, it } from 'vitest'
import { expectPromisesKept, outcomeOf } from './history.ts'
import { connected, run } from './world.ts'

// The connection is cut at the n-th frame, for every n, in both directions, while a client produces and reads. Vitest
// itself fails the file on any unhandled rejection.

const recordCount = 24

async function produceAndRead(direction: 'in' | 'out', cutAt: number): Promise<{ cut: boolean }> {
  let cut = false
  const { broker, clock, eg } = await connected({
    script: {
      cut: (where, count) => {
        if (where !== direction || count !== cutAt + 2) return false // Hello and Welcome have passed
        cut = true
        return true
      },
    },
  })
  broker.addTopic('t', 2)
  const producer = eg.producer('t', { batchBytes: 120, deadlineMs: 5000 })
  const reader = eg.reader('t')
  const seen: string[] = []
  const reading = (async () => {
    for await (const record of reader) seen.push(`${record.range}/${record.offset}/${record.text}`)
  })()
  const sent = Array.from({ length: recordCount }, (_, i) => outcomeOf(producer, `k${i % 5}`, `v${i}`))
  const outcomes = await run(clock, Promise.all(sent), 5000)
  const stored = await expectPromisesKept(broker, 't', outcomes)
  await run(
    clock,
    waitFor(() => seen.length >= stored.flat().length, clock),
  )
  await run(clock, reader.close())
  await reading
  for (const [range, values] of stored.entries()) {
    const ofRange = seen.filter((record) => record.startsWith(`${range}/`))
    expect(ofRange).toEqual(values.map((value, offset) => `${range}/${offset}/${value}`))
  }
  return { cut }
}

async function waitFor(
  done: () => boolean,
  clock: { setTimer(delayMs: number, run: () => void): unknown },
): Promise<void> {
  while (!done()) await new Promise<void>((resolve) => void clock.setTimer(1, resolve))
}

describe('a connection that is cut', () => {
  it.each(['in', 'out'] as const)('at any frame going %s loses nothing that was acknowledged', async (direction) => {
    let n = 0
    while ((await produceAndRead(direction, n)).cut) n++
    expect(n).toBeGreaterThan(12)
  })
})
