import { expect } from 'vitest'
import type { Producer, Receipt } from '../src/index.ts'
import type { FakeBroker } from './fake-broker.ts'

/** What a producer was told of one record. */
export interface Outcome {
  readonly value: string
  readonly key: string
  readonly receipt?: Receipt
  readonly code?: string
}

export async function outcomeOf(producer: Producer, key: string, value: string): Promise<Outcome> {
  try {
    return { key, value, receipt: await producer.send({ key, value }) }
  } catch (error) {
    return { key, value, code: (error as { code: string }).code }
  }
}

/**
 * The promises to a producer, checked against what its broker has: acknowledged records are where their receipts say
 * (P1), keys are in order (P2), what failed is not there (P15), nothing is there twice.
 * @param outcomes in the order of the calls
 * @returns the values of each range
 */
export async function expectPromisesKept(
  broker: FakeBroker,
  topic: string,
  outcomes: readonly Outcome[],
): Promise<string[][]> {
  const rangeCount = broker.topics.get(topic)?.ranges.length ?? 0
  const stored: string[][] = []
  for (let range = 0; range < rangeCount; range++) stored.push(await broker.stored(topic, range))
  const all = stored.flat()
  expect(new Set(all).size).toBe(all.length)
  for (const { value, receipt, code } of outcomes) {
    if (receipt !== undefined) expect(stored[receipt.range]?.[receipt.offset]).toBe(value)
    else if (code !== 'EG_OUTCOME_UNKNOWN') expect(all).not.toContain(value)
  }
  const place = new Map(outcomes.map(({ value }, i) => [value, i]))
  const keyOf = new Map(outcomes.map(({ key, value }) => [value, key]))
  for (const key of new Set(keyOf.values())) {
    const calls = all.filter((value) => keyOf.get(value) === key).map((value) => place.get(value) ?? -1)
    expect(calls).toEqual(calls.toSorted((a, b) => a - b))
  }
  return stored
}
