import { describe, expect, it } from 'vitest'
import type { Receipt } from '../src/index.ts'
import { connected, run } from './world.ts'

// The connection is cut at the n-th frame, for every n, in both directions, while a client produces and reads. Vitest
// itself fails the file on any unhandled rejection.

const recordCount = 24

interface Outcome {
  readonly value: string
  readonly receipt?: Receipt
  readonly code?: string
}

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
  const sent = Array.from({ length: recordCount }, async (_, i): Promise<Outcome> => {
    const value = `v${i}`
    try {
      return { value, receipt: await producer.send({ key: `k${i % 5}`, value }) }
    } catch (error) {
      return { value, code: (error as { code: string }).code }
    }
  })
  const outcomes = await run(clock, Promise.all(sent), 5000)
  const stored = [await broker.stored('t', 0), await broker.stored('t', 1)]
  const all = stored.flat()
  expect(new Set(all).size).toBe(all.length) // the client stores nothing twice
  for (const { value, receipt, code } of outcomes) {
    if (receipt !== undefined) expect(stored[receipt.range]?.[receipt.offset]).toBe(value)
    else if (code !== 'EG_OUTCOME_UNKNOWN') expect(all).not.toContain(value)
  }
  for (let key = 0; key < 5; key++) {
    const ofKey = stored.map((values) => values.filter((value) => Number(value.slice(1)) % 5 === key)).flat()
    expect(ofKey).toEqual(ofKey.toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1))))
  }
  await run(
    clock,
    waitFor(() => seen.length >= all.length, clock),
  )
  await run(clock, reader.close())
  await reading
  for (const range of [0, 1]) {
    const ofRange = seen.filter((record) => record.startsWith(`${range}/`))
    expect(ofRange).toEqual(stored[range]?.map((value, offset) => `${range}/${offset}/${value}`))
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
    expect(n).toBeGreaterThan(15)
  })
})
