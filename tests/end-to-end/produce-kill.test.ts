import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { errorLineSchema, receiptSchema, recordSchema } from '../../apps/cli/src/json-schema.ts'
import { eastguard, endAll, jsonLines, start, startBroker, temporaryFolder } from './processes.ts'

afterEach(endAll)

const lineCount = 400_000
const lineOf = (number: number): string => `line ${number} ${'.'.repeat(number % 100)}`

/** Enough that the broker dies in the middle of it. */
function bigFile(): string {
  const file = join(temporaryFolder(), 'big')
  writeFileSync(file, Array.from({ length: lineCount }, (_, index) => `${lineOf(index + 1)}\n`).join(''))
  return file
}

interface Counts {
  readonly acknowledged: number
  readonly unknown: number
  readonly notSent: number
  readonly firstUnacknowledgedLine: number
}

describe('produce, when the broker is killed in the middle', () => {
  it.each([1, 100_000])(
    'says what is acknowledged and ends with 6; after a restart every acknowledged line is there, in order (from %i on)',
    async (acknowledgedBefore) => {
      const broker = await startBroker()
      await eastguard(['topic', 'create', 'big', '--ranges', '1'], { server: broker.server })
      const producing = start(['produce', 'big', '--file', bigFile(), '--json'], { server: broker.server })
      await producing.untilOut(new RegExp(`"offset":${acknowledgedBefore - 1},`))
      await broker.end('SIGKILL')
      const { code, out, err } = await producing.ended
      expect(code).toBe(6)

      const receipts = jsonLines(out).map((line) => receiptSchema.parse(line))
      const { error } = errorLineSchema.parse(JSON.parse(err))
      const counts = error.facts as unknown as Counts
      expect(error.exitCode).toBe(6)
      expect(counts.acknowledged).toBe(receipts.length)
      expect(counts.acknowledged + counts.unknown + counts.notSent).toBe(lineCount)
      expect(counts.firstUnacknowledgedLine).toBe(receipts.length + 1)
      expect(receipts.map(({ offset }) => offset)).toEqual(receipts.map((_, index) => index))

      const again = await startBroker({ dataDir: broker.dataDir })
      const read = await eastguard(['consume', 'big', '-e', '--json'], { server: again.server })
      expect({ code: read.code, err: read.err }).toEqual({ code: 0, err: '' })
      const records = jsonLines(read.out).map((line) => recordSchema.parse(line))
      // P1, P4: all that was acknowledged; P15: what is there beyond that was told to be unknown, and is in order too.
      expect(records.length).toBeGreaterThanOrEqual(receipts.length)
      expect(records.length).toBeLessThanOrEqual(receipts.length + counts.unknown)
      expect(records.map(({ offset, value }) => [offset, value])).toEqual(
        records.map((_, index) => [index, lineOf(index + 1)]),
      )
    },
    60_000,
  )
})
