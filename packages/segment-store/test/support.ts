import { crc32, type Disk, SeededRandom, silentLogger, silentMeter } from '@eastguard/kernel'
import { MemoryClock, MemoryDisk } from '@eastguard/kernel/testing'
import { BatchBuilder } from '@eastguard/record'
import {
  defaultStoreSettings,
  formatSegmentId,
  type ReadAnswer,
  type SegmentId,
  SegmentStore,
  type StoreSettings,
} from '../src/index.ts'
import { type StoreRules, storeRules } from '../src/rules.ts'

export const storeId: Uint8Array = new Uint8Array(16).fill(7)

export const smallSettings: StoreSettings = {
  ...defaultStoreSettings,
  storeId,
  journalFileBytes: 64 * 1024,
  groupBytesMax: 16 * 1024,
  memoryBytesMax: 256 * 1024,
  flushBytes: 8 * 1024,
}

export function segmentId(segment: number, range = 0): SegmentId {
  return formatSegmentId({ topic: '0000000100000002', range, segment })
}

export const prelude: Uint8Array = Uint8Array.of(1, 2, 3)

/** A batch of `count` records whose values have `valueBytes` bytes that depend on `seed`. */
export function batchOf(seed: number, count = 1, valueBytes = 100, timestamp = 1_000 + seed): Uint8Array {
  const random = new SeededRandom(seed)
  const builder = new BatchBuilder({ batchBytesMax: 1024 * 1024 })
  for (let i = 0; i < count; i++) {
    builder.tryAdd({ key: null, value: random.bytes(valueBytes), headers: [], timestamp: timestamp + i })
  }
  return builder.build()
}

export interface Opened {
  readonly store: SegmentStore
  readonly disk: Disk
  readonly clock: MemoryClock
}

export async function openStore(
  disk: Disk = new MemoryDisk(),
  settings: Partial<StoreSettings> = {},
  rules: Partial<StoreRules> = {},
): Promise<Opened> {
  const clock = new MemoryClock(1_700_000_000_000)
  const components = { disk, clock, logger: silentLogger, meter: silentMeter }
  const store = await SegmentStore.openWithRules({ ...smallSettings, ...settings }, components, {
    ...storeRules,
    ...rules,
  })
  return { store, disk, clock }
}

/** Everything that can be read from `from` on, and the answer behind it. */
export async function readAll(
  store: SegmentStore,
  id: SegmentId,
  from = 0,
): Promise<{ readonly parts: readonly Uint8Array[]; readonly last: ReadAnswer }> {
  const parts: Uint8Array[] = []
  let offset = from
  for (;;) {
    const answer = await store.read(id, offset, 4096)
    if (answer.kind !== 'records') return { parts, last: answer }
    parts.push(...answer.parts)
    offset = answer.endOffset
  }
}

/** Equal for equal bytes in equal parts, and quick to compare. */
export function digest(parts: readonly Uint8Array[]): string {
  return parts.map((part) => `${part.length}:${crc32(part).toString(16)}`).join(' ')
}

/** Appends and commits. */
export async function put(store: SegmentStore, id: SegmentId, batch: Uint8Array): Promise<number> {
  const { endOffset } = await store.append(id, batch)
  store.commit(id, endOffset)
  return endOffset
}

/** Lets everything that needs no clock happen. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 200; i++) await Promise.resolve()
}

/** The code of the error with which a call ends, whether it throws or rejects; `ok` if it does neither. */
export async function codeOf(call: () => Promise<unknown>): Promise<string> {
  try {
    await call()
    return 'ok'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}
