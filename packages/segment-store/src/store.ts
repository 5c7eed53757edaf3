import {
  type Clock,
  type Deferred,
  type Disk,
  deferred,
  EastGuardError,
  invariant,
  isEastGuardError,
  type Logger,
  type Meter,
  type Random,
} from '@eastguard/kernel'
import { type BatchHeader, checkBatch, isStampValid } from '@eastguard/record'
import type {
  AppendResult,
  FenceAnswer,
  Place,
  ReadAnswer,
  RecoveryReport,
  SegmentState,
  SegmentStatus,
  StoreStats,
} from './answers.ts'
import { Appender } from './appender.ts'
import { DiskMonitor } from './disk-monitor.ts'
import { batchTooLarge, segmentUnknown, storeClosed, storeFailed } from './errors.ts'
import { Flusher } from './flusher.ts'
import { FilePool, journalDirectory } from './journal/file-pool.ts'
import { Journal } from './journal/journal.ts'
import { payloadBytesMax } from './journal/journal-core.ts'
import { JournalKeeper } from './journal/journal-keeper.ts'
import { Lane } from './lane.ts'
import { type Recovered, recover } from './recovery/recover.ts'
import { type StoreRules, storeRules } from './rules.ts'
import { BatchTally } from './segment/batch-tally.ts'
import { Cache } from './segment/cache.ts'
import { ReadHandles } from './segment/read-handles.ts'
import { Reader } from './segment/reader.ts'
import { Segment } from './segment/segment.ts'
import { SegmentChanges } from './segment/segment-changes.ts'
import { judgeSegment } from './segment/segment-core.ts'
import { bodyPositionOf, SegmentFile } from './segment/segment-file.ts'
import type { Offset, SegmentId } from './segment-id.ts'
import { checkSettings, type StoreSettings } from './settings.ts'

export interface StoreComponents {
  /** Rooted at the data directory; the store uses `journal/` and `segments/`. */
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly meter: Meter
}

/**
 * The segments of one machine: appended through a shared journal, read from memory and from self-explaining files.
 *
 * ```
 *   append ──► journal (group, sync) ──► durable ──► readable once committed
 *                 │                         └──flush──► segment file ──seal──► index, trailer
 *                 └─ files are used again when no segment needs them
 * ```
 *
 * A failed write or sync ends it (H52): `failed` resolves, every call rejects EG_STORE_FAILED, the process must end.
 */
export class SegmentStore implements AsyncDisposable {
  /** What `open` found. */
  readonly recovered: RecoveryReport
  readonly #settings: StoreSettings
  readonly #clock: Clock
  readonly #disk: Disk
  readonly #logger: Logger
  readonly #directories: Lane
  readonly #segments: Map<SegmentId, Segment>
  readonly #failure: Deferred<EastGuardError> = deferred()
  readonly #cache: Cache
  readonly #flusher: Flusher
  readonly #handles: ReadHandles
  readonly #reader: Reader
  readonly #pool: FilePool
  readonly #monitor: DiskMonitor
  readonly #journal: Journal
  readonly #keeper: JournalKeeper
  readonly #appender: Appender
  readonly #changes: SegmentChanges
  #lostTraces: Place | undefined
  #stopped: EastGuardError | undefined
  #closing: Promise<void> | undefined

  private constructor(parts: StoreParts) {
    const { settings, components, rules, recovered, pool } = parts
    this.recovered = recovered.report
    this.#settings = settings
    this.#clock = components.clock
    this.#disk = components.disk
    this.#logger = components.logger
    this.#directories = parts.directories
    this.#segments = recovered.segments
    this.#lostTraces = recovered.lostTraces
    this.#pool = pool
    this.#journal = parts.journal
    this.#cache = new Cache(settings.memoryBytesMax, rules.evictableFrom)
    const failed = (error: unknown): void => this.#fail(error)
    const { clock, meter, disk } = components
    const flushed = (segment: Segment): void => this.#flushed(segment)
    this.#flusher = new Flusher({ clock, meter, cache: this.#cache, hooks: { flushed, failed } }, settings.diskPollMs)
    this.#handles = new ReadHandles(disk, settings.openFilesMax)
    this.#reader = new Reader(this.#handles)
    this.#monitor = new DiskMonitor(components, settings)
    const [journal, flusher, cache, handles, segments] = [
      ...([this.#journal, this.#flusher, this.#cache, this.#handles, this.#segments] as const),
    ]
    const kept = { journal, flusher, cache, segments, watermark: rules.watermark, failed }
    this.#keeper = new JournalKeeper(kept, settings.flushBytes, recovered.lostTraces)
    const [keeper, monitor] = [this.#keeper, this.#monitor]
    const stopped = (): Error | undefined => this.#stopped
    const appending = { clock, cache, journal, keeper, flusher, pool, monitor, stopped }
    this.#appender = new Appender(appending, settings.journalFilesMax)
    const gone = (segment: Segment): void => this.#gone(segment)
    this.#changes = new SegmentChanges({ disk, journal, flusher, cache, handles, gone })
    parts.hooks.switched = () => {
      this.#keeper.switched()
      this.#appender.advance()
    }
    parts.hooks.failed = failed
  }

  /**
   * Recovers what an earlier process left, and opens. Exactly one store may have a directory open: lock it.
   * @throws EG_DATA_DIR_FOREIGN (fix-call), EG_DATA_DIR_FORMAT (give-up), EG_SETTING_INVALID (fix-call), EG_DISK_*
   */
  static open(settings: StoreSettings, components: StoreComponents): Promise<SegmentStore> {
    return SegmentStore.openWithRules(settings, components, storeRules)
  }

  /** For tests that put a naive rule in the place of a good one. */
  static async openWithRules(
    settings: StoreSettings,
    components: StoreComponents,
    rules: StoreRules,
  ): Promise<SegmentStore> {
    checkSettings(settings)
    const { disk, clock, logger } = components
    const directories = new Lane()
    const recovered = await recover(settings, { disk, clock, directories }, rules)
    const hooks: LateHooks = { switched: undefined, failed: undefined }
    const failed = (error: unknown): void => hooks.failed?.(error)
    const pool = new FilePool(disk, settings, recovered.spares, failed)
    const switched = (): void => hooks.switched?.()
    const journalParts = { clock, meter: components.meter, pool, hooks: { switched, failed } }
    const journal = await Journal.open(settings, journalParts, recovered.header, rules.acknowledgeAt)
    const store = new SegmentStore({ settings, components, rules, recovered, pool, journal, directories, hooks })
    await store.#settleIn(recovered)
    logger.info('store recovered', factsOf(recovered.report))
    return store
  }

  /** Resolves once, at the first failed write or sync. */
  get failed(): Promise<EastGuardError> {
    return this.#failure.promise
  }

  /**
   * Makes a segment that takes appends. Nothing is written before its first append. Never truncates: creating what is
   * there with the same start does nothing, whatever its state.
   * @param prelude opaque, equal on all replicas; retained
   */
  create(id: SegmentId, startOffset: Offset, prelude: Uint8Array): void {
    this.#check()
    const known = this.#segments.get(id)
    if (known !== undefined) {
      invariant(known.startOffset === startOffset, 'a segment has one start', { id, startOffset })
      return
    }
    invariant(Number.isSafeInteger(startOffset) && startOffset >= 0, 'an offset is a safe integer', { startOffset })
    const head = { startOffset, prelude }
    const tally = new BatchTally(startOffset, bodyPositionOf(prelude))
    const file = new SegmentFile(id, this.#disk, this.#directories, false)
    this.#segments.set(id, new Segment({ id, head, state: 'open', restarted: false, file, tally }))
  }

  /**
   * Appends one batch; resolves when its bytes are durable here.
   *
   * A refusal that is known at the call is thrown by the call itself, not by the promise: who appends several batches in a
   * row stops at the refused one, and nothing behind it is stored.
   * @param batch checked, then stamped in place (base offset, append time); retained
   * @param checked what `checkBatch` gave for this batch, if the caller has called it: it is not checked again then
   * @throws EG_SEGMENT_SEALED, EG_SEGMENT_UNKNOWN (refresh-route), EG_BATCH_MALFORMED, EG_BATCH_TOO_LARGE (fix-call),
   * EG_OVERLOADED (retry), EG_DISK_FULL, EG_STORE_FAILED (give-up)
   */
  append(id: SegmentId, batch: Uint8Array, checked?: BatchHeader): Promise<AppendResult> {
    const segment = this.#segment(id)
    this.#checkSize(batch)
    const header = checked ?? checkBatch(batch)
    return this.#appender.append({ segment, batch, header, mode: 'append' })
  }

  /**
   * Appends a batch as its leader stamped it: it must continue the segment.
   * @param options `settle`: completes a fenced copy from a longer one
   * @throws as `append`, and EG_OFFSET_GAP (fix-call)
   */
  async appendStamped(
    id: SegmentId,
    batch: Uint8Array,
    options: { readonly settle?: boolean } = {},
  ): Promise<AppendResult> {
    const segment = this.#segment(id)
    this.#checkSize(batch)
    const header = checkBatch(batch)
    if (!isStampValid(batch, segment.idBytes)) {
      throw new EastGuardError({
        code: 'EG_BATCH_MALFORMED',
        remedy: 'fix-call',
        message: `the stamp of the batch is not one of segment ${id}`,
        facts: { segment: id, offset: header.baseOffset },
      })
    }
    return await this.#appender.append({ segment, batch, header, mode: options.settle === true ? 'settle' : 'stamped' })
  }

  /**
   * Everything below `offset` may be read. Never goes back. It goes to the journal with the next group that an append
   * causes, so a crash may forget the newest commits: then less is readable until the caller says it again.
   * Nothing happens for a segment that is unknown, sealed or damaged.
   * @param offset at most the durable end
   */
  commit(id: SegmentId, offset: Offset): void {
    this.#check()
    const segment = this.#segments.get(id)
    if (segment === undefined || segment.leaving || offset <= segment.commit) return
    if (judgeSegment(segment.state, 'commit').kind !== 'go') return
    if (segment.changing > 0) {
      segment.commit = Math.max(segment.commit, Math.min(offset, segment.durableEnd)) // a cut is under way: not a word of it in the journal
      return
    }
    invariant(offset <= segment.durableEnd, 'nothing is committed that is not durable here', { id, offset })
    segment.commit = offset
    this.#journal.ride(id, {
      kind: 'commit',
      segment: segment.idBytes,
      offset,
      payload: undefined,
      payloadChecksum: 0,
      durable: (position) => {
        if (segment.state !== 'sealed') segment.carriedAt = position
      },
      refused: () => {},
    })
  }

  /**
   * Ends appends for good and answers what is here, after every write under way has ended (H35a). A fence needs no
   * disk: a restart is one. A segment that the store does not know is not marked: the caller must not create it.
   */
  async fence(id: SegmentId): Promise<FenceAnswer> {
    this.#check()
    const segment = this.#segments.get(id)
    if (segment === undefined) return this.#noTrace()
    if (judgeSegment(segment.state, 'fence').kind === 'go') segment.state = 'fenced'
    await segment.drained()
    if (segment.changing > 0) await segment.lane.run(async () => {})
    this.#check()
    if (this.#segments.get(id) !== segment) return this.#noTrace()
    if (segment.state === 'damaged' && segment.damage !== undefined) return { kind: 'suspect', place: segment.damage }
    return { kind: 'end', offset: segment.durableEnd, restarted: segment.restarted }
  }

  /** Cuts a fenced segment to `end`, where a batch must end. @throws EG_OFFSET_GAP, EG_SEGMENT_SEALED, EG_DISK_FULL */
  async truncate(id: SegmentId, end: Offset): Promise<void> {
    const segment = this.#segment(id)
    await this.#guarded(() => this.#changes.truncate(segment, end))
  }

  /**
   * Cuts to `end`, writes index and trailer, syncs. Repeating it does nothing. A segment that ends empty is forgotten.
   * @throws EG_OFFSET_GAP: it does not hold so much, or no batch ends there; EG_SEGMENT_UNKNOWN, EG_DISK_FULL
   */
  async seal(id: SegmentId, end: Offset): Promise<void> {
    const segment = this.#segment(id)
    await this.#guarded(() => this.#changes.seal(segment, end))
  }

  /** Removes the segment and its file, durably. Nothing happens when it is unknown. @throws EG_DISK_FULL */
  async forget(id: SegmentId): Promise<void> {
    this.#check()
    const segment = this.#segments.get(id)
    if (segment !== undefined) await this.#guarded(() => this.#changes.forget(segment))
  }

  /**
   * Committed batches from the one that holds `from` on: at least one where there is one, then up to `bytesMax`.
   */
  async read(id: SegmentId, from: Offset, bytesMax: number): Promise<ReadAnswer> {
    this.#check()
    const segment = this.#segments.get(id)
    if (segment === undefined || segment.leaving) return { kind: 'notHere' }
    const answer = await this.#reader.read(segment, from, bytesMax)
    this.#check()
    return answer
  }

  /**
   * @param time milliseconds since 1970, of records
   * @returns base offset of the first committed batch with a record at or after `time`, undefined when there is none
   */
  async findTime(id: SegmentId, time: number): Promise<Offset | undefined> {
    return await this.#reader.findTime(this.#segment(id), time)
  }

  status(id: SegmentId): SegmentStatus | undefined {
    return this.#segments.get(id)?.status()
  }

  *segments(): Iterable<SegmentStatus> {
    for (const segment of this.#segments.values()) yield segment.status()
  }

  stats(): StoreStats {
    const counts: { [state in SegmentState]: number } = { open: 0, fenced: 0, sealed: 0, damaged: 0 }
    for (const segment of this.#segments.values()) counts[segment.state]++
    return {
      segmentCount: this.#segments.size,
      openCount: counts.open,
      fencedCount: counts.fenced,
      sealedCount: counts.sealed,
      damagedCount: counts.damaged,
      syncCount: this.#journal.syncCount,
      groupCount: this.#journal.groupCount,
      flushCount: this.#flusher.flushCount,
      journalFiles: this.#journal.files.length,
      cachedBytes: this.#cache.cachedBytes,
      unflushedBytes: this.#cache.unflushedBytes,
      waitingAppends: this.#appender.waitingCount,
      disk: this.#monitor.state,
    }
  }

  /** Clean stop: what was appended is in segment files afterwards. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const failed = this.#stopped
    this.#stopped ??= storeClosed()
    this.#appender.refuseWaiting(this.#stopped)
    this.#flusher.stop()
    if (failed === undefined) {
      try {
        await this.#flushAll()
        await this.#keeper.endLostTraces()
        await this.#keeper.carryAll() // commits that waited for an append to ride with
      } catch (error) {
        // What could not be flushed is in the journal.
        this.#logger.warn('store closed unflushed', { reason: error instanceof Error ? error.message : String(error) })
      }
    }
    await this.#monitor.close()
    await this.#journal.close(this.#stopped)
    await this.#pool.close()
    await this.#handles.close()
  }

  async #flushAll(): Promise<void> {
    for (const segment of this.#segments.values()) {
      await segment.drained()
      await segment.lane.run(() => this.#flusher.flush(segment))
    }
  }

  /** The last of opening: what recovery found is durable in the new journal before the old files go. */
  async #settleIn(recovered: Recovered): Promise<void> {
    await this.#monitor.look()
    await this.#keeper.carryAll()
    for (const name of recovered.aside) {
      const path = `${journalDirectory}/${name}`
      await this.#disk.rename(path, `${path}.damaged`)
    }
    await this.#pool.give(recovered.used)
    this.#pool.prepare()
  }

  #segment(id: SegmentId): Segment {
    this.#check()
    const segment = this.#segments.get(id)
    if (segment === undefined) throw segmentUnknown(id)
    return segment
  }

  #check(): void {
    if (this.#stopped !== undefined) throw this.#stopped
  }

  #checkSize(batch: Uint8Array): void {
    const limit = payloadBytesMax(this.#settings.journalFileBytes)
    if (batch.length > limit) throw batchTooLarge(batch.length, limit)
  }

  #noTrace(): FenceAnswer {
    // Frames were lost and nobody knows whose: that nothing is here proves nothing.
    return this.#lostTraces === undefined ? { kind: 'noTrace' } : { kind: 'suspect', place: this.#lostTraces }
  }

  #flushed(segment: Segment): void {
    this.#keeper.flushed(segment)
    this.#appender.advance()
  }

  #gone(segment: Segment): void {
    this.#segments.delete(segment.id)
    this.#keeper.gone(segment)
    this.#appender.advance()
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (this.#stopped !== undefined) throw this.#stopped
      const expected = ['EG_OFFSET_GAP', 'EG_SEGMENT_SEALED', 'EG_SEGMENT_UNKNOWN', 'EG_DISK_FULL', 'EG_STORE_CLOSED']
      if (isEastGuardError(error, ...expected)) throw error
      this.#fail(error)
      throw this.#stopped ?? error
    }
  }

  #fail(error: unknown): void {
    if (this.#stopped !== undefined && this.#stopped.code !== 'EG_STORE_CLOSED') return
    const failure = storeFailed(error)
    this.#stopped = failure
    this.#logger.error('store failed', { reason: failure.message })
    this.#flusher.stop()
    this.#appender.refuseWaiting(failure)
    this.#journal.abort(failure)
    this.#failure.resolve(failure)
  }
}

/** Set once the store exists, which needs the journal that calls them. */
interface LateHooks {
  switched: (() => void) | undefined
  failed: ((error: unknown) => void) | undefined
}

interface StoreParts {
  readonly settings: StoreSettings
  readonly components: StoreComponents
  readonly rules: StoreRules
  readonly recovered: Recovered
  readonly pool: FilePool
  readonly journal: Journal
  readonly directories: Lane
  readonly hooks: LateHooks
}

function factsOf(report: RecoveryReport): { readonly [name: string]: string | number | undefined } {
  const { tornTail, damage, suspects, ...counts } = report
  const torn = tornTail === undefined ? undefined : `${tornTail.file}:${tornTail.position}`
  const places = damage.map(({ file, position, reason }) => `${file}:${position} ${reason}`).join('; ')
  return { ...counts, suspects: suspects.length, tornTail: torn, damage: places === '' ? undefined : places }
}
