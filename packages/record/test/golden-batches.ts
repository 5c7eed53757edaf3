import { encodeUtf8 } from '@eastguard/kernel'
import { BatchBuilder, batchBytesMax, type Record, stampBatch } from '../src/index.ts'

// One batch per feature of the format. `testdata/<name>.hex` holds the bytes that each must have, for ever.

export interface GoldenBatch {
  readonly name: string
  readonly records: readonly Record[]
  /** Stamped as the first batch of this place. */
  readonly stamp?: { readonly segmentId: Uint8Array; readonly baseOffset: number; readonly appendTime: number }
}

const time = 1_767_225_600_000
const segmentId = new Uint8Array(16).map((_, i) => i + 1)

function record(change: Partial<Record>): Record {
  return { key: null, value: encodeUtf8('value'), headers: [], timestamp: time, ...change }
}

function spread(...ages: readonly number[]): readonly Record[] {
  return ages.map((age) => record({ timestamp: time - age }))
}

export const goldenBatches: readonly GoldenBatch[] = [
  { name: 'one-record', records: [record({ key: encodeUtf8('key') })] },
  {
    name: 'keys-null-and-empty',
    records: [record({ key: null }), record({ key: new Uint8Array(0) }), record({ key: encodeUtf8('k') })],
  },
  { name: 'keys-all-empty', records: [record({ key: new Uint8Array(0) }), record({ key: new Uint8Array(0) })] },
  {
    name: 'values-null-and-empty',
    records: [record({ value: null }), record({ value: new Uint8Array(0) }), record({ value: encodeUtf8('v') })],
  },
  { name: 'values-all-null', records: [record({ value: null }), record({ value: null })] },
  {
    name: 'headers',
    records: [
      record({ headers: [{ name: 'trace', value: encodeUtf8('1f') }] }),
      record({}),
      record({
        headers: [
          { name: 'größe', value: null },
          { name: '', value: new Uint8Array(0) },
          { name: 'trace', value: encodeUtf8('a') },
          { name: 'trace', value: encodeUtf8('b') },
        ],
      }),
    ],
  },
  { name: 'timestamps-constant', records: spread(0, 0, 0) },
  { name: 'timestamps-width-1', records: spread(255, 0, 1) },
  { name: 'timestamps-width-2', records: spread(0, 256, 65_535) },
  { name: 'timestamps-width-4', records: spread(65_536, 0, 4_294_967_295) },
  {
    name: 'mixed-sizes',
    records: [0, 1, 254, 255, 300].map((size, i) =>
      record({ key: encodeUtf8('k'.repeat(i)), value: new Uint8Array(size).fill(i), timestamp: time + i }),
    ),
  },
  {
    name: 'stamped',
    records: [record({ key: encodeUtf8('key') }), record({ key: encodeUtf8('other') })],
    stamp: { segmentId, baseOffset: 2 ** 40 + 5, appendTime: time + 17 },
  },
]

export function buildGolden({ records, stamp }: GoldenBatch): Uint8Array {
  const builder = new BatchBuilder({ batchBytesMax })
  for (const each of records) {
    if (!builder.tryAdd(each)) throw new Error('a golden batch fits')
  }
  const batch = builder.build()
  if (stamp !== undefined) stampBatch(batch, stamp.segmentId, stamp.baseOffset, stamp.appendTime)
  return batch
}

/** What gzip made of `gzipRecords` once: another zlib may compress otherwise, but each inflates this. */
export const gzipRecords: readonly Record[] = Array.from({ length: 20 }, (_, i) =>
  record({ key: encodeUtf8('key'), value: encodeUtf8('the same words again and again'), timestamp: time + i }),
)
