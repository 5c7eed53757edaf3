import { BatchReader } from '@eastguard/record'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Accumulator } from '../../src/producer/accumulator.ts'
import { FlushEpochs } from '../../src/producer/flush-epochs.ts'
import { KeyRanges } from '../../src/route/key-ranges.ts'

function tiled(count: number): KeyRanges {
  const width = 2 ** 32 / count
  const keys = KeyRanges.tile(
    Array.from({ length: count }, (_, i) => ({ range: i, keyHashFirst: i * width, keyHashLast: (i + 1) * width - 1 })),
  )
  if (keys === undefined) throw new Error('no tiling')
  return keys
}

const settings = { batchBytes: 300, batchBytesMax: 600, lingerMs: 5, holdMs: 50 }

interface Input {
  readonly key: Uint8Array | null
  readonly size: number
  readonly pause: number
}

const input: fc.Arbitrary<Input> = fc.record({
  key: fc.option(fc.uint8Array({ maxLength: 2 })),
  size: fc.integer({ min: 0, max: 200 }),
  pause: fc.integer({ min: 0, max: 3 }),
})

describe('an accumulator', () => {
  it('puts each record once into a batch of its range, in order, inside the limits', () => {
    fc.assert(
      fc.property(fc.array(input, { maxLength: 80 }), fc.constantFrom(1, 2, 8), (inputs, rangeCount) => {
        const keys = tiled(rangeCount)
        const accumulator = new Accumulator(settings, keys)
        const epoch = new FlushEpochs().present
        let now = 0
        let taken = 0
        const seen: number[][] = Array.from({ length: rangeCount }, () => [])
        const drain = (): void => {
          for (const { batch, builder } of accumulator.takeClosed()) {
            taken += batch.recordCount
            const bytes = builder.build()
            accumulator.release(builder)
            expect(bytes.length).toBeLessThanOrEqual(settings.batchBytesMax)
            const reader = BatchReader.open(bytes)
            expect(reader.recordCount).toBe(batch.recordCount)
            for (const { timestamp } of reader.records()) seen[batch.range]?.push(timestamp)
          }
        }
        for (const [i, { key, size, pause }] of inputs.entries()) {
          now += pause
          accumulator.closeDue(now, () => false)
          const record = { key, value: new Uint8Array(size), headers: [], timestamp: i }
          accumulator.add({ record, delivery: () => {}, tag: i, bytes: 1, deadline: now + 100, epoch }, now)
          drain()
        }
        accumulator.closeAll()
        drain()
        expect(taken).toBe(inputs.length)
        for (const [range, ofRange] of seen.entries()) {
          const keyed = ofRange.filter((i) => inputs[i]?.key !== null)
          expect(keyed).toEqual(keyed.toSorted((a, b) => a - b))
          expect(range).toBeLessThan(rangeCount)
        }
      }),
    )
  })

  it('holds a batch back while earlier ones of its range wait, up to its age', () => {
    const accumulator = new Accumulator(settings, tiled(1))
    const record = { key: null, value: null, headers: [], timestamp: 0 }
    const epoch = new FlushEpochs().present
    accumulator.add({ record, delivery: () => {}, tag: 0, bytes: 1, deadline: 1000, epoch }, 0)
    expect(accumulator.closeDue(5, () => true)).toBe(50)
    expect(accumulator.takeClosed()).toEqual([])
    expect(accumulator.closeDue(50, () => true)).toBeUndefined()
    expect(accumulator.takeClosed()).toHaveLength(1)
  })
})
