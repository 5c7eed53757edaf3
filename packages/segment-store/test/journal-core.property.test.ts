import { batchChecksum, stampBatch } from '@eastguard/record'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { frameSeed } from '../src/format/journal-frame.ts'
import { GroupBuffer } from '../src/journal/group-buffer.ts'
import { type FrameRequest, type Group, JournalCore } from '../src/journal/journal-core.ts'
import { scanJournal } from '../src/recovery/journal-scan.ts'
import { segmentIdBytes } from '../src/segment-id.ts'
import { batchOf, segmentId, storeId } from './support.ts'

const limits = { journalFileBytes: 65_536, groupBytesMax: 16_384 }
const idBytes = segmentIdBytes(segmentId(0))
const seed = frameSeed(storeId)

interface Entry extends FrameRequest {
  readonly number: number
}

function entry(number: number, valueBytes: number): Entry {
  const payload = batchOf(number, 1, valueBytes)
  stampBatch(payload, idBytes, number, 5)
  return { kind: 'append', segment: idBytes, offset: number, payload, payloadChecksum: batchChecksum(payload), number }
}

function commit(number: number): Entry {
  return { kind: 'commit', segment: idBytes, offset: number, payload: undefined, payloadChecksum: 0, number }
}

const step = fc.oneof(
  fc.record({ kind: fc.constant('push' as const), bytes: fc.integer({ min: 0, max: 20_000 }) }),
  fc.record({ kind: fc.constant('push' as const), bytes: fc.integer({ min: 0, max: 500 }) }),
  fc.constant({ kind: 'ride' as const }),
  fc.constant({ kind: 'next' as const }),
)

describe('the journal core', () => {
  it('makes everybody durable once, in order, in aligned groups that never overlap, and the scan finds them all', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const core = new JournalCore<Entry>(limits, { sequence: 1, base: 0 })
        const buffer = new GroupBuffer(seed, limits.groupBytesMax)
        const files: { bytes: Uint8Array; sequence: number; base: number; previousEnd: number }[] = []
        const begin = (sequence: number, base: number, previousEnd: number): void => {
          files.push({ bytes: new Uint8Array(limits.journalFileBytes), sequence, base, previousEnd })
        }
        begin(1, 0, 0)
        const durable: number[] = []
        let pushed = 0
        let at = 4096
        const write = (group: Group<Entry>): void => {
          expect(group.at).toBe(at)
          expect([group.at % 4096, group.bytes % 4096]).toEqual([0, 0])
          expect(group.bytes <= limits.groupBytesMax || group.frames.length === 1).toBe(true)
          at += group.bytes
          expect(at).toBeLessThanOrEqual(limits.journalFileBytes)
          let position = group.at
          for (const part of buffer.gather(group)) {
            files.at(-1)?.bytes.set(part, position)
            position += part.length
          }
          expect(position).toBe(at)
          core.written()
          for (const { entry } of core.synced()) if (entry.kind === 'append') durable.push(entry.number)
        }
        const next = (): boolean => {
          const todo = core.next()
          if (todo.kind === 'write') write(todo.group)
          if (todo.kind === 'switch') {
            core.switched()
            begin(todo.sequence, todo.base, todo.previousEnd)
            at = 4096
          }
          return todo.kind !== 'idle'
        }
        for (const todo of steps) {
          if (todo.kind === 'push') core.push(entry(pushed++, todo.bytes))
          else if (todo.kind === 'ride') core.ride('one', commit(pushed))
          else next()
        }
        while (next());
        expect(durable).toEqual(Array.from({ length: pushed }, (_, i) => i))

        const found = files.flatMap((file, i) => {
          const previousEnd = files[i + 1]?.previousEnd
          const end =
            previousEnd === undefined ? { kind: 'newest' as const } : { kind: 'successor' as const, previousEnd }
          const scan = scanJournal({ ...file, seed, end })
          expect(scan.tornAt).toBeUndefined()
          expect(file.base + scan.end).toBe(previousEnd ?? file.base + scan.end)
          return scan.items.map((item) =>
            item.kind === 'frame' && item.frame.kind === 'append' ? item.frame.offset : item.kind,
          )
        })
        expect(found.filter((item) => item !== 'frame')).toEqual(durable)
      }),
    )
  })

  it('gives back what it could not write, and nothing else', () => {
    const core = new JournalCore<Entry>(limits, { sequence: 1, base: 0 })
    for (let i = 0; i < 4; i++) core.push(entry(i, 14_000))
    for (let todo = core.next(); ; todo = core.next()) {
      if (todo.kind !== 'write') break
      core.written()
      core.synced()
    }
    expect(core.refuse().map(({ number }) => number)).toEqual([3])
    expect(core.next()).toEqual({ kind: 'idle' })
  })
})
