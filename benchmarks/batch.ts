import { BatchBuilder, BatchReader, batchBytesMax, keyHash, type Record } from '@eastguard/record'

export const question = 'How many records a second does one core put into batches and take out, beside a bare copy?'

// One thread, batches of 1 MiB, keys and values as bytes. Each row is the best of several rounds: the machine's noise
// only ever adds. The checksum has rows of its own in "open", since both ends pay it once per batch.

const targetBytes = 1024 * 1024
const roundMs = 250
const rounds = 6

interface Shape {
  readonly name: string
  readonly records: readonly Record[]
}

const shapes: readonly Shape[] = [
  makeShape('uniform 100 B', () => 88),
  makeShape('mixed 20-400 B', (i) => 8 + ((i * 7919) % 381)),
]

for (const shape of shapes) measureShape(shape)

/** Records with a 12-byte key, as many as one batch of 1 MiB holds. */
function makeShape(name: string, valueBytes: (i: number) => number): Shape {
  const builder = new BatchBuilder({ batchBytesMax: targetBytes })
  const records: Record[] = []
  for (let i = 0; ; i++) {
    const key = new Uint8Array(12).fill(97)
    new DataView(key.buffer).setUint32(8, Math.imul(i % 5000, 0x9e3779b1))
    const value = new Uint8Array(valueBytes(i)).fill(i)
    const record = { key, value, headers: [], timestamp: 1_767_225_600_000 + (i >> 3) }
    if (!builder.tryAdd(record)) return { name, records }
    records.push(record)
  }
}

function measureShape({ name, records }: Shape): void {
  const builder = new BatchBuilder({ batchBytesMax })
  const build = (): Uint8Array => {
    for (let i = 0; i < records.length; i++) builder.tryAdd(records[i] as Record) // below its length
    return builder.build()
  }
  const recycled = (): number => {
    const built = build()
    builder.recycle(built)
    return built.length
  }
  const batch = build()
  const reader = BatchReader.open(batch)
  const copy = new Uint8Array(batch.length)
  const absent = keyHash(new Uint8Array([1, 2, 3])) as number // only null has none
  const rows: readonly (readonly [string, () => number])[] = [
    ['copy the bytes (limit)', () => (copy.set(batch), copy.length)],
    ['encode, fresh memory', () => build().length],
    ['encode, memory given back', recycled],
    ['open: checksum, sizes', () => BatchReader.open(batch).recordCount],
    ['decode, object per record', () => sumObjects(reader)],
    ['decode, object per record, at random', () => sumRandom(reader)],
    ['decode lazily: lengths, times', () => sumLazily(reader)],
    ['scan keys for a hash', () => reader.findKey(absent)],
  ]
  console.log(`\n${name}: ${records.length} records, ${batch.length} bytes, Node ${process.version}`)
  for (const [label, run] of rows) {
    const perSecond = bestRate(run)
    const millions = ((perSecond * records.length) / 1e6).toFixed(1)
    const gigabytes = ((perSecond * batch.length) / 1e9).toFixed(2)
    console.log(`  ${label.padEnd(38)} ${millions.padStart(9)} M records/s ${gigabytes.padStart(8)} GB/s`)
  }
}

function sumObjects(reader: BatchReader): number {
  let sum = 0
  for (const record of reader.records()) sum += (record.key?.length ?? 0) + (record.value?.length ?? 0)
  return sum
}

function sumRandom(reader: BatchReader): number {
  let sum = 0
  let i = 0
  for (let n = 0; n < reader.recordCount; n++) {
    i = (i + 7919) % reader.recordCount
    sum += reader.record(i).value?.length ?? 0
  }
  return sum
}

function sumLazily(reader: BatchReader): number {
  let sum = 0
  for (let i = 0; i < reader.recordCount; i++) sum += reader.keyLength(i) + reader.valueLength(i) + reader.timestamp(i)
  return sum
}

let sink = 0

/** Runs per second, in the best round; results are kept, so that nothing is optimized away. */
function bestRate(run: () => number): number {
  let best = 0
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    let runs = 0
    let elapsed = 0
    do {
      sink += run()
      runs++
      elapsed = performance.now() - start
    } while (elapsed < roundMs)
    best = Math.max(best, (runs * 1000) / elapsed)
  }
  return best
}

if (Number.isNaN(sink)) console.log('the sums are not numbers')
