import { InvariantError } from '@eastguard/kernel'
import { describe, expect, it } from 'vitest'
import {
  batchAppendTime,
  batchBaseOffset,
  batchChecksum,
  batchMaxTimestamp,
  batchRecordCount,
  checkBatch,
  isStampValid,
  isUnstamped,
  keyHash,
  peekBatchLength,
  readBatchHeader,
  stampBatch,
} from '../src/index.ts'
import { buildGolden, goldenBatches } from './golden-batches.ts'
import { withBytes, withFixedChecksum } from './mutation.ts'

const segmentId = new Uint8Array(16).fill(7)
const malformed = expect.objectContaining({ code: 'EG_BATCH_MALFORMED', remedy: 'fix-call' })
const [plain] = goldenBatches.map(buildGolden) as [Uint8Array] // the first of many
const ones = Array<number>(8).fill(0xff)

describe('a batch header', () => {
  it('reads as it was built', () => {
    const hash = keyHash(new Uint8Array([0x6b, 0x65, 0x79]))
    expect(checkBatch(plain)).toMatchObject({
      length: 112,
      baseOffset: 0,
      appendTime: 0,
      codec: 0,
      recordCount: 1,
      keyHashFirst: hash,
      keyHashLast: hash,
      producerId: undefined,
      producerEpoch: 0xffff,
      sequence: 0xffffffff,
      bodyBytes: 40,
      maxTimestamp: 1_767_225_600_000,
    })
  })

  it('reads an idempotent producer', () => {
    const batch = withBytes(plain, [34, [3, 0]], [48, [1, 2, 3, 4, 5, 6, 7, 8]], [56, [9, 0, 0, 0]])
    const { producerId, producerEpoch, sequence } = readBatchHeader(batch)
    expect({ producerId: [...(producerId ?? [])], producerEpoch, sequence }).toEqual({
      producerId: [1, 2, 3, 4, 5, 6, 7, 8],
      producerEpoch: 3,
      sequence: 9,
    })
  })

  it.each<[string, number, number[]]>([
    ['magic', 0, [0x46]],
    ['version', 3, [2]],
    ['length below a body', 4, [72, 0, 0, 0]],
    ['length above 16 MiB', 4, [1, 0, 0, 1]],
    ['length that the body does not make', 4, [111, 0, 0, 0]],
    ['base offset above 2^53', 8, ones],
    ['append time above 2^53', 16, ones],
    ['body format', 32, [8]],
    ['attribute', 33, [1]],
    ['epoch alone', 34, [0, 0]],
    ['count 0', 36, [0, 0, 0, 0]],
    ['count above 1,048,576', 36, [1, 0, 16, 0]],
    ['reversed hashes', 44, [0, 0, 0, 0]],
    ['producer id alone', 48, [0]],
    ['sequence alone', 56, [0]],
    ['body bytes below the columns', 60, [31, 0, 0, 0]],
    ['body bytes above 16 MiB', 60, [1, 0, 0, 1]],
    ['max timestamp above 2^53', 64, ones],
  ])('is refused: %s', (_what, at, bytes) => {
    expect(() => checkBatch(withFixedChecksum(withBytes(plain, [at, bytes])))).toThrow(malformed)
  })

  it('that declares more than 16 MiB, compressed or not, is refused before anybody reserves memory', () => {
    const above = [1, 0, 0, 1]
    expect(() => peekBatchLength(withBytes(plain, [4, above]), 0)).toThrow(malformed)
    expect(peekBatchLength(withBytes(plain, [4, [0, 0, 0, 1]]), 0)).toBe(16 * 1024 * 1024)
    expect(() => readBatchHeader(withBytes(plain, [32, [1]], [60, above]))).toThrow(malformed)
    expect(readBatchHeader(withBytes(plain, [32, [1]], [60, [0, 0, 0, 1]])).bodyBytes).toBe(16 * 1024 * 1024)
  })

  it('is refused when it is cut, or has bytes behind it', () => {
    for (let bytes = 0; bytes < plain.length; bytes++) {
      expect(() => checkBatch(plain.slice(0, bytes))).toThrow(malformed)
    }
    expect(() => checkBatch(withBytes(new Uint8Array(113), [0, plain]))).toThrow(malformed)
  })
})

it('batches that stand back to back are walked by their lengths', () => {
  const batches = goldenBatches.map(buildGolden)
  const all = new Uint8Array(Buffer.concat(batches))
  let at = 0
  for (const batch of batches) {
    expect(peekBatchLength(all, at)).toBe(batch.length)
    expect(batchRecordCount(all, at)).toBe(batchRecordCount(batch))
    expect(batchChecksum(all, at)).toBe(checkBatch(batch).checksum)
    expect(batchMaxTimestamp(all, at)).toBe(checkBatch(batch).maxTimestamp)
    expect([batchBaseOffset(all, at), batchAppendTime(all, at)]).toEqual([
      checkBatch(batch).baseOffset,
      checkBatch(batch).appendTime,
    ])
    at += batch.length
  }
  for (const impossible of [at, at - 7, at + 1, -1, 1, 0.5]) {
    expect(() => peekBatchLength(all, impossible)).toThrow(malformed)
  }
})

describe('a stamp', () => {
  const stamped = plain.slice()
  stampBatch(stamped, segmentId, 2 ** 52, 1_800_000_000_000)

  it('changes bytes 8 to 27 and leaves the checksum true', () => {
    expect([isUnstamped(plain), isUnstamped(stamped)]).toEqual([true, false])
    const changed = [...stamped.keys()].filter((i) => stamped[i] !== plain[i])
    expect(Math.min(...changed)).toBeGreaterThanOrEqual(8)
    expect(Math.max(...changed)).toBeLessThanOrEqual(27)
    expect(checkBatch(stamped)).toMatchObject({ baseOffset: 2 ** 52, appendTime: 1_800_000_000_000 })
  })

  it('is refused after any flip in bytes 0 to 31, and in another segment', () => {
    expect(isStampValid(stamped, segmentId)).toBe(true)
    expect(isStampValid(stamped, new Uint8Array(16).fill(8))).toBe(false)
    for (let bit = 0; bit < 32 * 8; bit++) {
      const rotten = stamped.slice()
      rotten[bit >> 3] = (rotten[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(isStampValid(rotten, segmentId)).toBe(false)
    }
  })

  it('is not there before the leader stamps, and replaces the one before it', () => {
    expect(isStampValid(plain, segmentId)).toBe(false)
    const again = stamped.slice()
    stampBatch(again, new Uint8Array(16).fill(9), 1, 2)
    expect(isStampValid(again, new Uint8Array(16).fill(9))).toBe(true)
    expect(isStampValid(again, segmentId)).toBe(false)
  })

  it('with numbers that are no safe counts, or another id, is a bug', () => {
    for (const [offset, time] of [
      [-1, 0],
      [0, -1],
      [0.5, 0],
      [2 ** 53 - 1, 0],
      [0, 2 ** 53],
    ] as const) {
      expect(() => stampBatch(plain.slice(), segmentId, offset, time)).toThrow(InvariantError)
    }
    expect(() => stampBatch(plain.slice(), new Uint8Array(15), 0, 0)).toThrow(InvariantError)
  })
})
