import type { Disk } from '@eastguard/kernel'
import type { Place } from '../answers.ts'
import { foreignDirectory, newerFormat } from '../errors.ts'
import { decodeFrame, frameIsLive } from '../format/journal-frame.ts'
import {
  decodeJournalHeader,
  type JournalHeader,
  journalBlockBytes,
  journalSequenceOf,
} from '../format/journal-header.ts'
import { viewOf } from '../format/little-endian.ts'
import { journalDirectory } from '../journal/file-pool.ts'
import type { FileEnd } from './journal-scan.ts'

export interface LiveJournalFile {
  readonly name: string
  readonly path: string
  readonly sequence: number
  readonly base: number
  readonly bytes: number
  readonly end: FileEnd
}

export interface JournalInventory {
  /** Oldest first, without a gap: what recovery reads. */
  readonly live: readonly LiveJournalFile[]
  /** Names of files that nobody needs. */
  readonly stale: readonly string[]
  readonly spares: readonly string[]
  readonly nextSequence: number
  /** Headers that do not verify. */
  readonly damage: readonly Place[]
}

interface Candidate {
  readonly name: string
  readonly path: string
  readonly sequence: number
  readonly bytes: number
  /** Undefined: it does not verify. */
  readonly header: JournalHeader | undefined
  /** Base as the first frame tells it, for a file whose header is lost. */
  readonly baseByFrame: number | undefined
}

/**
 * Looks at every file in `journal/`. Files are released oldest first, so what lies in front of a gap was needed by
 * nobody.
 * @throws EG_DATA_DIR_FOREIGN, EG_DATA_DIR_FORMAT, EG_DISK_*
 */
export async function takeJournalInventory(
  disk: Disk,
  settings: { readonly storeId: Uint8Array; readonly journalFileBytes: number },
  seed: number,
): Promise<JournalInventory> {
  const candidates: Candidate[] = []
  const [stale, spares]: [string[], string[]] = [[], []]
  let nextSequence = 1
  for (const { name, directory } of await disk.list(journalDirectory)) {
    const path = `${journalDirectory}/${name}`
    const sequence = journalSequenceOf(name.replace(/\.damaged$/, ''))
    if (sequence !== undefined) nextSequence = Math.max(nextSequence, sequence + 1)
    if (directory || name.endsWith('.damaged')) continue
    if (/^spare-\d+\.jnl\.new$/.test(name)) await disk.remove(path)
    else if (/^spare-\d+\.jnl$/.test(name)) {
      if ((await sizeOf(disk, path)) === settings.journalFileBytes) spares.push(name)
      else await disk.remove(path)
    } else if (sequence !== undefined) {
      const candidate = await examine(disk, name, sequence, settings.storeId, seed)
      if (candidate === 'stale') stale.push(name)
      else candidates.push(candidate)
    }
  }
  const run = contiguousEnd(candidates)
  stale.push(...candidates.slice(0, candidates.length - run.length).map(({ name }) => name))
  const damage = run
    .filter(({ header }) => header === undefined)
    .map(({ path }) => ({ file: path, position: 0, reason: 'the header of the journal file does not verify' }))
  return { live: withBases(run), stale, spares, nextSequence, damage }
}

async function examine(
  disk: Disk,
  name: string,
  sequence: number,
  storeId: Uint8Array,
  seed: number,
): Promise<Candidate | 'stale'> {
  const path = `${journalDirectory}/${name}`
  const file = await disk.open(path, 'read')
  try {
    const bytes = await file.size()
    const head = new Uint8Array(2 * journalBlockBytes)
    const read = await file.read(0, head)
    const header = decodeJournalHeader(head.subarray(0, read), storeId)
    if (header === 'foreign') throw foreignDirectory(path)
    if (header === 'newer') throw newerFormat(path, 'its header')
    if (header !== 'damaged') {
      // A name and a header that disagree: the file was being recycled, and empty.
      return header.sequence === sequence ? { name, path, sequence, bytes, header, baseByFrame: undefined } : 'stale'
    }
    const context = { seed, sequence, limit: bytes, isLive: frameIsLive }
    const frame = read < head.length ? undefined : decodeFrame(head, viewOf(head), journalBlockBytes, context)
    // The first frame was written when everything in front of it was durable.
    const baseByFrame = typeof frame === 'object' ? frame.durable - journalBlockBytes : undefined
    return { name, path, sequence, bytes, header: undefined, baseByFrame }
  } finally {
    await file.close()
  }
}

/** The files up to the newest without a missing number. */
function contiguousEnd(candidates: readonly Candidate[]): readonly Candidate[] {
  let from = candidates.length
  while (from > 0) {
    const [file, next] = [candidates[from - 1], candidates[from]]
    if (next !== undefined && file !== undefined && file.sequence + 1 !== next.sequence) break
    from--
  }
  return candidates.slice(from)
}

function withBases(run: readonly Candidate[]): readonly LiveJournalFile[] {
  const live: LiveJournalFile[] = []
  for (const [i, { name, path, sequence, bytes, header, baseByFrame }] of run.entries()) {
    const before = live.at(-1)
    const next = run[i + 1]?.header
    const derived = before !== undefined ? before.base + before.bytes : Math.max(0, (next?.base ?? 0) - bytes)
    const base = header?.base ?? baseByFrame ?? derived
    const end: FileEnd = next === undefined ? { kind: 'newest' } : { kind: 'successor', previousEnd: next.previousEnd }
    live.push({ name, path, sequence, base, bytes, end })
  }
  return live
}

async function sizeOf(disk: Disk, path: string): Promise<number> {
  const file = await disk.open(path, 'read')
  try {
    return await file.size()
  } finally {
    await file.close()
  }
}
