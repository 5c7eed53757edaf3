import { type Clock, type Disk } from '@eastguard/kernel'
import type { Place, RecoveryReport } from '../answers.ts'
import { syncFile, syncNames } from '../durable.ts'
import { journalMissing, newerFormat } from '../errors.ts'
import { frameHeaderBytes, frameSeed } from '../format/journal-frame.ts'
import type { JournalHeader } from '../format/journal-header.ts'
import type { TrailerHolds } from '../format/segment-trailer.ts'
import { decodePlace } from '../format/suspect-place.ts'
import { inParallel } from '../in-parallel.ts'
import { journalDirectory } from '../journal/file-pool.ts'
import type { Lane } from '../lane.ts'
import { BatchTally } from '../segment/batch-tally.ts'
import { Segment } from '../segment/segment.ts'
import { SegmentFile } from '../segment/segment-file.ts'
import { type SegmentId, segmentDirectory } from '../segment-id.ts'
import { type JournalInventory, type LiveJournalFile, takeJournalInventory } from './journal-files.ts'
import { type JournalScan, type JournalScanRules, type ScanItem, scanJournal } from './journal-scan.ts'
import { RecoveringSegment, type SegmentSummary } from './recovering-segment.ts'
import { type FoundSegmentFile, findSegmentFiles } from './segment-files.ts'

/** Stands in suspect frames for "some segment that nobody knows of": the last id of all, which is never minted. */
export const anySegment = 'ffffffffffffffff-4294967295-4294967295' as SegmentId

const writesMax = 4

export interface RecoveryRules extends JournalScanRules {
  readonly trailerHolds: TrailerHolds
}

export interface Recovered {
  readonly segments: Map<SegmentId, Segment>
  /** Of the fresh file with which the journal goes on. */
  readonly header: JournalHeader
  readonly spares: readonly string[]
  /** Names of journal files that nobody needs once the fresh file has what must be carried. */
  readonly used: readonly string[]
  /** Names of journal files with damage: kept aside. */
  readonly aside: readonly string[]
  /** Frames were lost: a segment without trace may have had some. */
  readonly lostTraces: Place | undefined
  readonly report: RecoveryReport
}

/**
 * Brings the store's files to a state that needs no journal: replays, cuts the torn tail, finishes what was begun,
 * finds damage. Doing it twice, or dying in the middle and doing it again, gives the same.
 * @throws EG_DATA_DIR_DAMAGED, EG_DATA_DIR_FOREIGN, EG_DATA_DIR_FORMAT, EG_DISK_*
 */
export async function recover(
  settings: { readonly storeId: Uint8Array; readonly existing: boolean; readonly journalFileBytes: number },
  components: { readonly disk: Disk; readonly clock: Clock; readonly directories: Lane },
  rules: RecoveryRules,
): Promise<Recovered> {
  const startedAt = components.clock.now()
  const { disk } = components
  await disk.makeDirectory(journalDirectory)
  await disk.makeDirectory('segments')
  const seed = frameSeed(settings.storeId)
  const inventory = await takeJournalInventory(disk, settings, seed)
  const newest = inventory.live.at(-1)
  if (newest === undefined && settings.existing) throw journalMissing()
  // A process that died without the machine leaves frames that only the page cache has. They count from here on, so
  // they must be durable before anybody says where this file ends.
  if (newest !== undefined) await syncExisting(disk, newest.path)
  const recovery = new Recovery(components, rules, inventory, seed)
  await recovery.run()
  return recovery.result(components.clock.now() - startedAt)
}

class Recovery {
  readonly #disk: Disk
  readonly #directories: Lane
  readonly #rules: RecoveryRules
  readonly #inventory: JournalInventory
  readonly #seed: number
  readonly #summary = new Map<SegmentId, SegmentSummary>()
  readonly #recovering = new Map<SegmentId, RecoveringSegment>()
  readonly #segments = new Map<SegmentId, Segment>()
  readonly #damage: Place[]
  readonly #aside = new Set<string>()
  #buffer = new Uint8Array(0)
  #scanned: { readonly file: LiveJournalFile; readonly scan: JournalScan } | undefined
  #tornTail: Place | undefined
  #lostTraces: Place | undefined
  #frames = 0
  #end = 0

  constructor(
    components: { readonly disk: Disk; readonly directories: Lane },
    rules: RecoveryRules,
    inventory: JournalInventory,
    seed: number,
  ) {
    this.#disk = components.disk
    this.#directories = components.directories
    this.#rules = rules
    this.#inventory = inventory
    this.#seed = seed
    this.#damage = [...inventory.damage]
  }

  async run(): Promise<void> {
    for (const file of this.#inventory.live) this.#summarize(file, await this.#scan(file))
    for (const found of await findSegmentFiles(this.#disk, this.#rules.trailerHolds)) await this.#openFile(found)
    for (const file of this.#inventory.live) {
      const { items } = await this.#scan(file)
      for (const item of items) await this.#replay(file, item)
      const touched = [...this.#recovering.values()]
      await inParallel(touched, writesMax, (segment) => segment.writePending())
    }
    const finished = await inParallel([...this.#recovering.values()], writesMax, (segment) => segment.finish())
    for (const segment of finished) if (segment !== undefined) this.#segments.set(segment.id, segment)
    await this.#syncNames()
  }

  result(durationMs: number): Recovered {
    const newest = this.#inventory.live.at(-1)
    const base = newest === undefined ? 0 : newest.base + newest.bytes
    const header = { sequence: this.#inventory.nextSequence, base, previousEnd: this.#end }
    const recovering = [...this.#recovering.values()]
    for (const file of this.#inventory.live)
      if (recovering.some(({ replay }) => replay.orphaned)) this.#aside.add(file.name)
    const used = [...this.#inventory.stale, ...this.#inventory.live.map(({ name }) => name)]
    const segments = [...this.#segments.values()]
    const suspects = segments.flatMap(({ id, damage, state }) =>
      state === 'damaged' && damage !== undefined ? [{ id, place: damage }] : [],
    )
    return {
      segments: this.#segments,
      header,
      spares: this.#inventory.spares,
      used: used.filter((name) => !this.#aside.has(name)),
      aside: [...this.#aside],
      lostTraces: this.#lostTraces,
      report: {
        journalFiles: this.#inventory.live.length,
        frames: this.#frames,
        replayedBatches: recovering.reduce((sum, segment) => sum + segment.replayedBatches, 0),
        replayedBytes: recovering.reduce((sum, segment) => sum + segment.replayedBytes, 0),
        tornTail: this.#tornTail,
        damage: [...this.#damage, ...segments.flatMap(({ damage }) => damage ?? [])],
        suspects,
        sealedSegments: segments.filter(({ state }) => state === 'sealed').length,
        fencedSegments: segments.filter(({ state }) => state === 'fenced').length,
        damagedSegments: suspects.length,
        durationMs,
      },
    }
  }

  /** What the buffer holds stays there until another file is scanned. */
  async #scan(file: LiveJournalFile): Promise<JournalScan> {
    if (this.#scanned?.file === file) return this.#scanned.scan
    if (this.#buffer.length < file.bytes) this.#buffer = new Uint8Array(file.bytes)
    const handle = await this.#disk.open(file.path, 'read')
    try {
      const read = await handle.read(0, this.#buffer.subarray(0, file.bytes))
      const scan = scanJournal({ ...file, bytes: this.#buffer.subarray(0, read), seed: this.#seed }, this.#rules)
      this.#scanned = { file, scan }
      return scan
    } finally {
      await handle.close()
    }
  }

  #summarize(file: LiveJournalFile, scan: JournalScan): void {
    if (scan.newerAt !== undefined) throw newerFormat(file.path, `the frame at ${scan.newerAt}`)
    if (scan.tornAt !== undefined) {
      this.#tornTail = { file: file.path, position: scan.tornAt, reason: 'a group that was never synced' }
    }
    this.#end = file.base + scan.end
    for (const item of scan.items) {
      if (item.kind !== 'frame') {
        const reason = item.kind === 'lost' ? 'frames are lost' : 'the payload of a frame does not verify'
        this.#damage.push({ file: file.path, position: item.at, reason })
        this.#aside.add(file.name)
        continue
      }
      this.#frames++
      const { kind, offset, segment } = item.frame
      const known = this.#summary.get(segment)
      const summary = known ?? { floor: Number.POSITIVE_INFINITY, cutsToFloor: 0, forgotten: false, sealEnd: undefined }
      if (known === undefined) this.#summary.set(segment, summary)
      if (kind === 'forget') summary.forgotten = true
      if (kind === 'seal') summary.sealEnd = offset
      if (kind === 'seal' || kind === 'truncate') {
        summary.cutsToFloor = offset < summary.floor ? 1 : summary.cutsToFloor + (offset === summary.floor ? 1 : 0)
        summary.floor = Math.min(summary.floor, offset)
      }
    }
  }

  async #openFile(found: FoundSegmentFile): Promise<void> {
    const { id, trailer } = found
    const summary = this.#summary.get(id)
    const components = { disk: this.#disk, directories: this.#directories }
    if (summary?.forgotten === true) {
      const segment = await RecoveringSegment.open(id, components, undefined, undefined)
      await segment.file.remove()
      this.#recovering.set(id, segment)
      return
    }
    // Where the journal knows the segment and knows of no seal, the trailer could be a record's bytes: walk.
    if (trailer !== undefined && (summary === undefined || summary.sealEnd === trailer.endOffset)) {
      return await this.#openSealed(found, summary !== undefined)
    }
    const segment = await RecoveringSegment.open(id, components, found, summary)
    const { endOffset, batchBytes } = segment.tally
    if (trailer?.endOffset === endOffset && trailer.batchBytes === batchBytes && summary?.sealEnd === undefined) {
      await this.#openSealed(found, true)
    } else this.#recovering.set(id, segment)
  }

  async #openSealed(found: FoundSegmentFile, inJournal: boolean): Promise<void> {
    const { id, trailer, bytes } = found
    if (trailer === undefined) return
    const { startOffset, endOffset, batchBytes, indexCount } = trailer
    const bodyPosition = bytes - 96 - 24 * indexCount - batchBytes
    const head = found.head ?? { startOffset, prelude: new Uint8Array(0) }
    const file = new SegmentFile(id, this.#disk, this.#directories, true)
    const tally = new BatchTally(startOffset, bodyPosition)
    tally.endOffset = endOffset
    const segment = new Segment({ id, head, state: 'sealed', restarted: false, file, tally })
    segment.sealedBy(trailer)
    segment.damage = found.headDamage
    if (inJournal) await file.sync()
    this.#segments.set(id, segment)
  }

  async #replay(file: LiveJournalFile, item: ScanItem): Promise<void> {
    const place = (reason: string): Place => ({ file: file.path, position: item.at, reason })
    if (item.kind === 'lost') {
      this.#lostTraces ??= place('frames are lost')
      for (const segment of this.#recovering.values()) segment.replay.lose(place('frames are lost'))
      return
    }
    const { frame, at } = item
    if (this.#segments.has(frame.segment)) return // sealed
    const payload = this.#buffer.subarray(at + frameHeaderBytes, at + frame.length)
    if (frame.segment === anySegment) {
      const said = item.kind === 'frame' && frame.kind === 'suspect' ? decodePlace(payload) : place('a spoiled frame')
      this.#lostTraces = frame.kind === 'forget' ? undefined : (this.#lostTraces ?? said)
      return
    }
    const segment = await this.#recoveringSegment(frame.segment)
    if (item.kind === 'spoiled') segment.replay.spoil(frame, place('the payload of a frame does not verify'))
    else if (frame.kind === 'suspect') await segment.apply(frame, payload, decodePlace(payload))
    else await segment.apply(frame, payload, place('frames before this one are missing'))
  }

  async #recoveringSegment(id: SegmentId): Promise<RecoveringSegment> {
    const known = this.#recovering.get(id)
    if (known !== undefined) return known
    const components = { disk: this.#disk, directories: this.#directories }
    const segment = await RecoveringSegment.open(id, components, undefined, this.#summary.get(id))
    this.#recovering.set(id, segment)
    return segment
  }

  /** H55: the names of files that a dying process made may be in memory only. */
  async #syncNames(): Promise<void> {
    const directories = new Set(['segments', journalDirectory])
    for (const id of new Set([...this.#recovering.keys(), ...this.#summary.keys()])) {
      if (this.#segments.get(id)?.file.exists !== true) continue
      const range = segmentDirectory(id)
      directories.add(range).add(range.slice(0, range.lastIndexOf('/')))
    }
    for (const directory of directories) await syncNames(this.#disk, directory)
  }
}

async function syncExisting(disk: Disk, path: string): Promise<void> {
  const file = await disk.open(path, 'write')
  try {
    await syncFile(file, path)
  } finally {
    await file.close()
  }
}
