import { describe, expect, it } from 'vitest'
import { judgeDisk } from '../src/disk-watermark.ts'
import { decodeIndex, encodeIndex } from '../src/format/index-entry.ts'
import { decodeJournalHeader, encodeJournalHeader } from '../src/format/journal-header.ts'
import { decodeSegmentHeader, encodeSegmentHeader } from '../src/format/segment-header.ts'
import { decodeSegmentTrailer, encodeSegmentTrailer } from '../src/format/segment-trailer.ts'
import { journalWatermark, releasableFiles } from '../src/journal/watermark.ts'
import { judgeSegment, type LiveState, type SegmentEvent } from '../src/segment/segment-core.ts'
import { findByOffset, findByTime, takesIndexEntry } from '../src/segment/sparse-index.ts'
import { segmentIdBytes, segmentIdFromBytes, segmentIdFromPath, segmentPath } from '../src/segment-id.ts'
import { codeOf, openStore, prelude, segmentId, smallSettings, storeId } from './support.ts'

describe('the life of a segment', () => {
  const states: readonly LiveState[] = ['open', 'fenced', 'sealed', 'damaged']
  const events: readonly SegmentEvent[] = [
    'append',
    'settle',
    'commit',
    'fence',
    'truncate',
    'seal',
    'forget',
    'damage',
  ]

  it('meets every event in every state', () => {
    const rows = states.map((state) => {
      const verdicts = events.map((event) => {
        const verdict = judgeSegment(state, event)
        return verdict.kind === 'go' ? `→${verdict.to}` : verdict.kind
      })
      return `${state}: ${verdicts.join(' ')}`
    })
    expect(rows).toEqual([
      'open: →open wrong →open →fenced wrong →sealed →forgotten →damaged',
      'fenced: ended →fenced →fenced done →fenced →sealed →forgotten →damaged',
      'sealed: ended ended done done ended done →forgotten done',
      'damaged: ended ended done done →damaged →sealed →forgotten done',
    ])
  })
})

describe('the sparse index', () => {
  it('takes the first batch, and then the first that starts 65,536 bytes after the last entry', () => {
    expect([takesIndexEntry(undefined, 64), takesIndexEntry(64, 65_599), takesIndexEntry(64, 65_600)]).toEqual([
      ...[true, false, true],
    ])
  })

  it('finds by offset the last entry at or below, by time the last with only older batches before it', () => {
    const entries = [0, 10, 20].map((offset) => ({ offset, position: offset, maxTimestampBefore: offset * 10 }))
    expect([-1, 0, 9, 10, 25].map((offset) => findByOffset(entries, offset))).toEqual([-1, 0, 0, 1, 2])
    expect([0, 1, 100, 101, 200, 201].map((time) => findByTime(entries, time))).toEqual([0, 0, 0, 1, 1, 2])
    expect(findByTime([], 5)).toBe(-1)
  })
})

describe('the watermark', () => {
  it('is the oldest position that is needed, and idle segments need none', () => {
    expect(journalWatermark([undefined, 70, undefined, 50], 90)).toBe(50)
    expect(journalWatermark([undefined], 90)).toBe(90)
  })

  it('releases whole files from the oldest on, never the one being written', () => {
    const files = [0, 10, 20, 30].map((base, i) => ({ sequence: i, base, bytes: 10 }))
    const released = (watermark: number): readonly number[] => releasableFiles(files, watermark).map((f) => f.sequence)
    expect([released(9), released(10), released(29), released(99)]).toEqual([[], [0], [0, 1], [0, 1, 2]])
  })
})

describe('a full disk', () => {
  it('is judged by used / (used + available)', () => {
    const at = (used: number): string => judgeDisk({ usedBytes: used, availableBytes: 100 - used }, smallSettings)
    expect([85, 86, 92, 93, 97, 98].map(at)).toEqual(['ok', 'warn', 'warn', 'noPlacement', 'noPlacement', 'refuse'])
  })
})

describe('structures on the disk', () => {
  const id = segmentId(3, 2)

  it('are read as they were written', () => {
    expect(segmentIdFromBytes(segmentIdBytes(id))).toBe(id)
    expect(segmentPath(id)).toBe('segments/0000000100000002/2/0000000003.seg')
    expect(segmentIdFromPath('0000000100000002', '2', '0000000003.seg')).toBe(id)
    const header = { sequence: 5, base: 2 ** 40, previousEnd: 77 }
    expect(decodeJournalHeader(encodeJournalHeader(header, storeId), storeId)).toEqual(header)
    expect(decodeSegmentHeader(encodeSegmentHeader(id, 9, prelude))).toMatchObject({ segment: id, startOffset: 9 })
    const index = [0, 1].map((i) => ({ offset: i, position: 64 + i * 70_000, maxTimestampBefore: i }))
    expect(decodeIndex(encodeIndex(index))).toEqual(index)
  })

  it('are refused when a byte has changed, and as newer when reserved bytes are in use', async () => {
    const trailer = {
      ...{ segment: id, startOffset: 1, endOffset: 9, batchBytes: 100, batchCount: 2, indexCount: 1, maxTimestamp: 7 },
      ...{ firstAppendTime: 3, lastAppendTime: 4, indexChecksum: 5, batchesChecksum: 6 },
    }
    const bytes = encodeSegmentTrailer(trailer)
    expect(decodeSegmentTrailer(bytes)).toEqual(trailer)
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(decodeSegmentTrailer(changed)).toBeUndefined()
    }
    bytes[90] = 1
    expect(decodeSegmentTrailer(bytes, () => true)).toBe('newer')
  })

  it('of another store are refused', async () => {
    const { store, disk } = await openStore()
    await store.close()
    expect(await codeOf(() => openStore(disk, { storeId: new Uint8Array(16) }))).toBe('EG_DATA_DIR_FOREIGN')
  })
})
