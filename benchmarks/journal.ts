// `pnpm bench journal`: the journal's group commit beside the bare machine, which writes and syncs groups of the same
// sizes into a file whose blocks were written before. Same disk, same run, alternating; the figure is the ratio.
import { closeSync, fdatasync, fsyncSync, mkdtempSync, openSync, rmSync, write, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { silentLogger, silentMeter } from '@eastguard/kernel'
import { NodeClock, NodeDisk, systemRandom } from '@eastguard/node'
import { BatchBuilder, batchChecksum } from '@eastguard/record'
import { defaultStoreSettings, formatSegmentId, SegmentStore } from '@eastguard/segment-store'
// The driver inside the store is no part of its face.
import { FilePool } from '../packages/segment-store/src/journal/file-pool.ts'
import { Journal } from '../packages/segment-store/src/journal/journal.ts'

export const question = 'How close does group commit come to writing and syncing groups of the same size by hand?'

const mebibyte = 1024 * 1024
const fileBytes = 64 * mebibyte
const quick = process.argv.includes('--quick')
const roundMs = quick ? 700 : 2500
const rounds = quick ? 2 : 4

interface Arm {
  readonly name: string
  /** Bytes of one batch, and how many are on their way at once. */
  readonly batchBytes: number
  readonly inFlight: number
}

const arms: readonly Arm[] = [
  { name: 'one batch of 1 KiB at a time', batchBytes: 1024, inFlight: 1 },
  { name: '16 KiB, 8 in flight', batchBytes: 16 * 1024, inFlight: 8 },
  { name: '64 KiB, 32 in flight', batchBytes: 64 * 1024, inFlight: 32 },
  { name: '256 KiB, 16 in flight', batchBytes: 256 * 1024, inFlight: 16 },
  { name: '1 MiB, 8 in flight', batchBytes: mebibyte - 65_536, inFlight: 8 },
]

/** Beside this file: a temporary directory may be in memory, where a sync costs nothing. */
const root = mkdtempSync(join(import.meta.dirname ?? '.', 'journal-'))
try {
  await main()
} finally {
  rmSync(root, { recursive: true, force: true })
}

async function main(): Promise<void> {
  console.log(
    `${question}\nNode ${process.version}, ${root}, best of ${rounds} rounds of ${roundMs} ms; ratios of groups\n`,
  )
  console.log(row(['', 'group bytes', 'bare /s', 'journal /s', 'ratio', 'MB/s', 'store /s', 'ratio', 'MB/s']))
  for (const arm of arms) {
    let [bare, journal, store]: (Rate | undefined)[] = []
    for (let round = 0; round < rounds; round++) {
      journal = better(journal, await measureJournal(arm))
      store = better(store, await measureStore(arm))
      bare = better(bare, await measureBare(journal.groupBytes))
    }
    if (bare === undefined || journal === undefined || store === undefined) continue
    const cells = [journal, store].flatMap((rate) => [
      rate.groupsPerSecond.toFixed(0),
      ratio(rate, bare),
      megabytes(rate),
    ])
    console.log(row([arm.name, String(journal.groupBytes), bare.groupsPerSecond.toFixed(0), ...cells]))
  }
  console.log(
    '\njournal: frames, group commit, recycled files. store: the same, and every byte once more in a segment file.',
  )
}

function better(one: Rate | undefined, other: Rate): Rate {
  return one === undefined || other.groupsPerSecond > one.groupsPerSecond ? other : one
}

function ratio(rate: Rate, bare: Rate): string {
  return `${((rate.groupsPerSecond / bare.groupsPerSecond) * 100).toFixed(0)} %`
}

interface Rate {
  readonly bytesPerSecond: number
  readonly groupsPerSecond: number
  readonly groupBytes: number
}

/** A store of its own: payload bytes that became durable per second. Segment files are written beside it. */
async function measureStore({ batchBytes, inFlight }: Arm): Promise<Rate> {
  const directory = join(root, `store-${Math.floor(performance.now() * 1000)}`)
  const components = {
    disk: await NodeDisk.open({ root: directory }),
    clock: new NodeClock(),
    logger: silentLogger,
    meter: silentMeter,
  }
  const settings = { ...defaultStoreSettings, storeId: new Uint8Array(16).fill(1) }
  const store = await SegmentStore.open(settings, components)
  const id = formatSegmentId({ topic: '0000000000000001', range: 0, segment: 0 })
  store.create(id, 0, new Uint8Array(0))
  const template = batchOf(batchBytes)
  let bytes = 0
  const end = performance.now() + roundMs
  const worker = async (): Promise<void> => {
    while (performance.now() < end) {
      const batch = template.slice()
      const { endOffset } = await store.append(id, batch)
      store.commit(id, endOffset)
      bytes += batch.length
    }
  }
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: inFlight }, worker))
  const seconds = (performance.now() - startedAt) / 1000
  const { groupCount } = store.stats()
  await store.close()
  rmSync(directory, { recursive: true, force: true })
  const groupBytes = Math.ceil(bytes / groupCount / 4096) * 4096
  return { bytesPerSecond: bytes / seconds, groupsPerSecond: groupCount / seconds, groupBytes }
}

/** The journal alone: nobody needs its files, so that they are used again as soon as they are full. */
async function measureJournal({ batchBytes, inFlight }: Arm): Promise<Rate> {
  const directory = join(root, `journal-${Math.floor(performance.now() * 1000)}`)
  const disk = await NodeDisk.open({ root: directory })
  await disk.makeDirectory('journal')
  const settings = { ...defaultStoreSettings, storeId: new Uint8Array(16).fill(1) }
  let failure: unknown
  const failed = (error: unknown): void => {
    failure = error
  }
  const pool = new FilePool(disk, settings, [], failed)
  const switched = (): void => void journal.release(Number.MAX_SAFE_INTEGER).catch(failed)
  const parts = { clock: new NodeClock(), meter: silentMeter, pool, hooks: { switched, refused: failed, failed } }
  const journal = await Journal.open(settings, parts, { sequence: 1, base: 0, previousEnd: 0 }, 'synced')
  const segment = new Uint8Array(16)
  const payload = batchOf(batchBytes)
  let bytes = 0
  const append = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const head = { kind: 'append' as const, segment, offset: 0, payloadChecksum: batchChecksum(payload) }
      journal.push({ ...head, payload, durable: () => resolve(), refused: reject })
    })
  const end = performance.now() + roundMs
  const worker = async (): Promise<void> => {
    while (performance.now() < end) {
      await append()
      bytes += payload.length
    }
  }
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: inFlight }, worker))
  const seconds = (performance.now() - startedAt) / 1000
  const { groupCount } = journal
  await journal.close(failure)
  await pool.close()
  rmSync(directory, { recursive: true, force: true })
  const groupBytes = Math.ceil(bytes / groupCount / 4096) * 4096
  return { bytesPerSecond: bytes / seconds, groupsPerSecond: groupCount / seconds, groupBytes }
}

/** Writes and syncs in alternation, around a file whose blocks are there. */
async function measureBare(groupBytes: number): Promise<Rate> {
  const path = join(root, 'bare')
  const file = openSync(path, 'w')
  const zeros = new Uint8Array(mebibyte)
  for (let at = 0; at < fileBytes; at += mebibyte) writeSync(file, zeros, 0, mebibyte, at)
  fsyncSync(file)
  const group = new Uint8Array(groupBytes).fill(7)
  const [writeAt, sync] = [promisify(write), promisify(fdatasync)]
  let count = 0
  const startedAt = performance.now()
  for (let at = 0; performance.now() - startedAt < roundMs; at += groupBytes) {
    if (at + groupBytes > fileBytes) at = 0
    await writeAt(file, group, 0, groupBytes, at)
    await sync(file)
    count++
  }
  const seconds = (performance.now() - startedAt) / 1000
  closeSync(file)
  rmSync(path)
  return { bytesPerSecond: (count * groupBytes) / seconds, groupsPerSecond: count / seconds, groupBytes }
}

function batchOf(bytes: number): Uint8Array {
  const builder = new BatchBuilder({ batchBytesMax: 2 * bytes + 4096 })
  const value = systemRandom().bytes(100)
  for (let i = 0; i < Math.max(1, Math.floor((bytes - 104) / 102)); i++) {
    builder.tryAdd({ key: null, value, headers: [], timestamp: 1_000 })
  }
  return builder.build()
}

function megabytes(rate: Rate): string {
  return (rate.bytesPerSecond / 1e6).toFixed(1)
}

function row(cells: readonly string[]): string {
  return cells.map((cell, i) => (i === 0 ? cell.padEnd(28) : cell.padStart(11))).join('')
}
