import type { RangeEntry } from '@eastguard/ds-rsm'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SegmentChain } from '../src/records/segment-chain.ts'

interface Row {
  readonly segment: number
  readonly startOffset: number
}

/** As much of a range's metadata as the chain reads. */
const entryOf = (rows: readonly Row[]): RangeEntry => {
  const segments = {
    count: rows.length,
    first: rows[0],
    at: (index: number) => rows[index],
    find: (segment: number) => rows.find((row) => row.segment === segment),
    countBelow: (segment: number) => rows.filter((row) => row.segment < segment).length,
  }
  return { segments } as unknown as RangeEntry
}

/** Applied to rows as the state machine would: the last row is active. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('roll' as const), records: fc.nat(5) }),
  fc.record({ kind: fc.constant('trim' as const), count: fc.nat(3) }),
)

it('a chain that follows some of the changes says what the metadata says', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(step, fc.boolean()), { maxLength: 40 }), (steps) => {
      let rows: Row[] = [{ segment: 0, startOffset: 0 }]
      const chain = new SegmentChain(entryOf(rows))
      for (const [change, seen] of steps) {
        const active = rows.at(-1) as Row
        if (change.kind === 'trim') rows = rows.slice(Math.min(change.count, rows.length - 1))
        else {
          const next = { segment: active.segment + 1, startOffset: active.startOffset + change.records }
          // One that ends empty leaves nothing but its number.
          rows = change.records === 0 ? [...rows.slice(0, -1), next] : [...rows, next]
        }
        if (seen) chain.follow(entryOf(rows))
      }
      chain.follow(entryOf(rows))
      expect([...chain]).toEqual(rows)
      expect([chain.startOffset, chain.active]).toEqual([rows[0]?.startOffset, rows.at(-1)])
      for (let offset = 0; offset <= (rows.at(-1) as Row).startOffset + 1; offset++) {
        const index = rows.findLastIndex(({ startOffset }) => startOffset <= offset)
        const expected = index < 0 ? undefined : { link: rows[index], end: rows[index + 1]?.startOffset }
        expect(chain.find(offset)).toEqual(expected)
      }
    }),
  )
})
