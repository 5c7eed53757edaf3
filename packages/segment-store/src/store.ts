import { type Disk, EastGuardError, invariant, isEastGuardError, type Logger } from '@eastguard/kernel'
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
import { batchTooLarge, segmentUnknown } from './errors.ts'
import { preludeBytesMax } from './format/segment-header.ts'
import { inParallel } from './in-parallel.ts'
import { payloadBytesMax } from './journal/journal-core.ts'
import { Lane } from './lane.ts'
import { type Machine, type MachineStart, type StoreComponents, startMachine } from './machine.ts'
import { anySegment, recover } from './recovery/recover.ts'
import { type StoreRules, storeRules } from './rules.ts'
import { BatchTally } from './segment/batch-tally.ts'
import { Segment } from './segment/segment.ts'
import { judgeSegment } from './segment/segment-core.ts'
import { bodyPositionOf, SegmentFile } from './segment/segment-file.ts'
import type { Offset, SegmentId } from './segment-id.ts'
import { checkSettings, type StoreSettings } from './settings.ts'
import { StopSwitch } from './stop-switch.ts'

/** Of a close: small files wait for the disk, not for each other. The flusher bounds those that write. */
const flushesAtOnce = 16

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
  readonly #disk: Disk
  readonly #logger: Logger
  readonly #batchBytesMax: number
  readonly #machine: Machine
  readonly #stop: StopSwitch
  readonly #lostTraces: Place | undefined
  #closing: Promise<void> | undefined

  private constructor(start: MachineStart, machine: Machine) {
    this.recovered = start.recovered.report
    this.#disk = start.components.disk
    this.#logger = start.components.logger
    this.#batchBytesMax = payloadBytesMax(start.settings.journalFileBytes)
    this.#machine = machine
    this.#stop = start.stop
    this.#lostTraces = start.recovered.lostTraces
  }

  /**
   * Recovers what an earlier process left, and opens. Exactly one store may have a directory open: lock it.
   * @throws EG_DATA_DIR_FOREIGN (fix-call), EG_DATA_DIR_FORMAT, EG_DATA_DIR_DAMAGED (give-up; see `existing`),
   * EG_SETTING_INVALID (fix-call), EG_DISK_*
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
    const directories = new Lane()
    const recovered = await recover(settings, { disk: components.disk, clock: components.clock, directories }, rules)
    const start = { settings, components, rules, recovered, directories, stop: new StopSwitch() }
    const machine = await startMachine(start)
    components.logger.info('store recovered', factsOf(recovered.report))
    return new SegmentStore(start, machine)
  }

  /** Resolves once, at the first failed write or sync. */
  get failed(): Promise<EastGuardError> {
    return this.#stop.failed
  }

  /**
   * Makes a segment that takes appends. Nothing is written before its first append. Never truncates: creating what is
   * there with the same start does nothing, whatever its state.
   * @param prelude opaque, equal on all replicas, at most 16 MiB and no more than fits a journal file; retained
   */
  create(id: SegmentId, startOffset: Offset, prelude: Uint8Array): void {
    this.#stop.check()
    const known = this.#machine.segments.get(id)
    if (known !== undefined) {
      invariant(known.startOffset === startOffset, 'a segment has one start', { id, startOffset })
      return
    }
    invariant(id !== anySegment, 'the last segment id of all is not used', { id })
    invariant(Number.isSafeInteger(startOffset) && startOffset >= 0, 'an offset is a safe integer', { startOffset })
    const bytesMax = Math.min(preludeBytesMax, this.#batchBytesMax)
    invariant(prelude.length <= bytesMax, 'a prelude fits a journal file', { bytes: prelude.length, bytesMax })
    const head = { startOffset, prelude }
    const tally = new BatchTally(startOffset, bodyPositionOf(prelude))
    const file = new SegmentFile(id, this.#disk, this.#machine.directories, false)
    this.#machine.segments.set(id, new Segment({ id, head, state: 'open', restarted: false, file, tally }))
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
    return this.#machine.appender.append({ segment, batch, header, mode: 'append' })
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
    return await this.#machine.appender.append({
      segment,
      batch,
      header,
      mode: options.settle === true ? 'settle' : 'stamped',
    })
  }

  /**
   * Everything below `offset` may be read. Never goes back. It goes to the journal with the next group that an append
   * causes, so a crash may forget the newest commits: then less is readable until the caller says it again.
   * Nothing happens for a segment that is unknown, sealed or damaged.
   * @param offset at most the durable end
   */
  commit(id: SegmentId, offset: Offset): void {
    this.#stop.check()
    const segment = this.#machine.segments.get(id)
    if (segment === undefined || segment.leaving || offset <= segment.commit) return
    if (judgeSegment(segment.state, 'commit').kind !== 'go') return
    if (segment.changing > 0) {
      // A cut is under way: not a word of it in the journal, where it would stand behind the cut.
      segment.commit = Math.max(segment.commit, Math.min(offset, segment.durableEnd))
      return
    }
    invariant(offset <= segment.durableEnd, 'nothing is committed that is not durable here', { id, offset })
    segment.commit = offset
    this.#machine.journal.ride(id, {
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
   * Ends appends for good and answers what is here, after every write under way has ended (H35a). Appends that still
   * wait for room are refused in this turn, in order, before the answer; their batches are as they were handed over.
   * A fence needs no disk: a restart is one. A segment that the store does not know is not marked: the caller must not
   * create it.
   */
  async fence(id: SegmentId): Promise<FenceAnswer> {
    this.#stop.check()
    const segment = this.#machine.segments.get(id)
    if (segment === undefined) return this.#noTrace()
    if (judgeSegment(segment.state, 'fence').kind === 'go') {
      segment.state = 'fenced'
      this.#machine.appender.refuseWaitingOf(segment)
    }
    await segment.drained()
    if (segment.changing > 0) await segment.lane.run(async () => {})
    this.#stop.check()
    if (this.#machine.segments.get(id) !== segment) return this.#noTrace()
    // Found at the start, or by a read since; the next start verifies the file again. A trailer still proves its end.
    if (segment.state !== 'sealed' && segment.damage !== undefined) return { kind: 'suspect', place: segment.damage }
    return { kind: 'end', offset: segment.durableEnd, restarted: segment.restarted }
  }

  /** Cuts a fenced segment to `end`, where a batch must end. @throws EG_OFFSET_GAP, EG_SEGMENT_SEALED, EG_DISK_FULL */
  async truncate(id: SegmentId, end: Offset): Promise<void> {
    const segment = this.#segment(id)
    await this.#guarded(() => this.#machine.changes.truncate(segment, end))
  }

  /**
   * Cuts to `end`, writes index and trailer, syncs. Repeating it does nothing. A segment that ends empty is forgotten.
   * @throws EG_OFFSET_GAP: it does not hold so much, or no batch ends there; EG_SEGMENT_UNKNOWN, EG_DISK_FULL
   */
  async seal(id: SegmentId, end: Offset): Promise<void> {
    const segment = this.#segment(id)
    await this.#guarded(() => this.#machine.changes.seal(segment, end))
  }

  /** Removes the segment and its file, durably. Nothing happens when it is unknown. @throws EG_DISK_FULL */
  async forget(id: SegmentId): Promise<void> {
    this.#stop.check()
    const segment = this.#machine.segments.get(id)
    if (segment !== undefined) await this.#guarded(() => this.#machine.changes.forget(segment))
  }

  /**
   * Committed batches from the one that holds `from` on: at least one where there is one, then up to `bytesMax`.
   */
  async read(id: SegmentId, from: Offset, bytesMax: number): Promise<ReadAnswer> {
    this.#stop.check()
    const segment = this.#machine.segments.get(id)
    if (segment === undefined || segment.leaving) return { kind: 'notHere' }
    const answer = await this.#machine.reader.read(segment, from, bytesMax)
    this.#stop.check()
    return answer
  }

  /**
   * @param time milliseconds since 1970, of records
   * @returns base offset of the first committed batch with a record at or after `time`, undefined when there is none
   */
  async findTime(id: SegmentId, time: number): Promise<Offset | undefined> {
    return await this.#machine.reader.findTime(this.#segment(id), time)
  }

  status(id: SegmentId): SegmentStatus | undefined {
    return this.#machine.segments.get(id)?.status()
  }

  *segments(): Iterable<SegmentStatus> {
    for (const segment of this.#machine.segments.values()) yield segment.status()
  }

  /**
   * Counts of this moment. It also makes the store look at the disk, in the background and at most once per
   * `diskPollMs`: who polls it sees a full disk end although nobody appends.
   */
  stats(): StoreStats {
    this.#machine.appender.lookAtDisk()
    const counts: { [state in SegmentState]: number } = { open: 0, fenced: 0, sealed: 0, damaged: 0 }
    for (const segment of this.#machine.segments.values()) counts[segment.state]++
    return {
      segmentCount: this.#machine.segments.size,
      openCount: counts.open,
      fencedCount: counts.fenced,
      sealedCount: counts.sealed,
      damagedCount: counts.damaged,
      syncCount: this.#machine.journal.syncCount,
      groupCount: this.#machine.journal.groupCount,
      flushCount: this.#machine.flusher.flushCount,
      journalFiles: this.#machine.journal.files.length,
      cachedBytes: this.#machine.cache.cachedBytes,
      unflushedBytes: this.#machine.cache.unflushedBytes,
      waitingAppends: this.#machine.appender.waitingCount,
      disk: this.#machine.appender.diskState,
    }
  }

  /**
   * Clean stop: what was appended is in segment files afterwards, where the disk has room. Whatever is pending settles,
   * also on a full disk: nothing waits for room any more, and what needs it gets EG_STORE_CLOSED. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const { appender, flusher, keeper, monitor, journal, pool, handles } = this.#machine
    const failed = this.#stop.reason !== undefined
    const reason = this.#stop.close()
    appender.refuseWaiting(reason)
    flusher.stop()
    journal.hasten(reason)
    if (!failed) {
      try {
        await this.#flushAll()
        await keeper.endLostTraces()
        await keeper.carryAll() // commits that waited for an append to ride with
      } catch (error) {
        // What could not be flushed is in the journal.
        this.#logger.warn('store closed unflushed', { reason: error instanceof Error ? error.message : String(error) })
      }
    }
    await monitor.close()
    await journal.close(reason)
    await pool.close()
    await handles.close()
  }

  async #flushAll(): Promise<void> {
    await inParallel([...this.#machine.segments.values()], flushesAtOnce, async (segment) => {
      await segment.drained()
      await segment.lane.run(() => this.#machine.flusher.flush(segment))
    })
  }

  #segment(id: SegmentId): Segment {
    this.#stop.check()
    const segment = this.#machine.segments.get(id)
    if (segment === undefined) throw segmentUnknown(id)
    return segment
  }

  #checkSize(batch: Uint8Array): void {
    if (batch.length > this.#batchBytesMax) throw batchTooLarge(batch.length, this.#batchBytesMax)
  }

  #noTrace(): FenceAnswer {
    // Frames were lost and nobody knows whose: that nothing is here proves nothing.
    return this.#lostTraces === undefined ? { kind: 'noTrace' } : { kind: 'suspect', place: this.#lostTraces }
  }

  /** What is not a refusal is a failed disk, or a bug: both end the store. */
  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#stop.check()
      const expected = ['EG_OFFSET_GAP', 'EG_SEGMENT_SEALED', 'EG_SEGMENT_UNKNOWN', 'EG_DISK_FULL', 'EG_STORE_CLOSED']
      if (isEastGuardError(error, ...expected)) throw error
      throw this.#stop.fail(error)
    }
  }
}

function factsOf(report: RecoveryReport): { readonly [name: string]: string | number | undefined } {
  const { tornTail, damage, suspects, ...counts } = report
  const torn = tornTail === undefined ? undefined : `${tornTail.file}:${tornTail.position}`
  const places = damage.map(({ file, position, reason }) => `${file}:${position} ${reason}`).join('; ')
  return { ...counts, suspects: suspects.length, tornTail: torn, damage: places === '' ? undefined : places }
}
