import { type Clock, crc32, type Deferred, deferred, invariant } from '@eastguard/kernel'
import { type BatchHeader, batchAppendTime, stampBatch } from '@eastguard/record'
import type { AppendResult, DiskState } from './answers.ts'
import { AppendQueue } from './append-queue.ts'
import type { DiskMonitor } from './disk-monitor.ts'
import { diskFull, offsetGap, segmentSealed } from './errors.ts'
import type { Flusher } from './flusher.ts'
import type { FilePool } from './journal/file-pool.ts'
import type { Journal } from './journal/journal.ts'
import type { JournalKeeper } from './journal/journal-keeper.ts'
import type { HeldBatch } from './segment/batch-run.ts'
import type { Cache } from './segment/cache.ts'
import type { Segment } from './segment/segment.ts'
import { judgeSegment } from './segment/segment-core.ts'

export interface AppendRequest {
  readonly segment: Segment
  /** Retained. */
  readonly batch: Uint8Array
  readonly header: BatchHeader
  /** `append`: stamped here. `stamped`, `settle`: by the segment's leader. */
  readonly mode: 'append' | 'stamped' | 'settle'
}

export interface AppenderComponents {
  readonly clock: Clock
  readonly cache: Cache
  readonly journal: Journal
  readonly keeper: JournalKeeper
  readonly flusher: Flusher
  readonly pool: FilePool
  readonly monitor: DiskMonitor
  /** Why nothing is taken any more. */
  readonly stopped: () => Error | undefined
}

/** The way of a batch into the journal: room, stamp, memory, frame; and back when it is durable. */
export class Appender {
  readonly #with: AppenderComponents
  readonly #journalFilesMax: number
  readonly #queue: AppendQueue

  constructor(components: AppenderComponents, journalFilesMax: number) {
    this.#with = components
    this.#journalFilesMax = journalFilesMax
    this.#queue = new AppendQueue(components.cache, (bytes) => this.#hasRoom(bytes))
  }

  get waitingCount(): number {
    return this.#queue.count
  }

  /** `refuse` whatever the reason: an append would be refused now. */
  get diskState(): DiskState {
    return this.#whyFull() === undefined ? this.#with.monitor.state : 'refuse'
  }

  /** Looks, in the background, whether there is room again. Call it often: it does something once per period. */
  lookAtDisk(): void {
    const { monitor, pool } = this.#with
    if (monitor.tick() && pool.exhausted) pool.prepare()
  }

  /** @throws EG_DISK_FULL, EG_OVERLOADED, EG_SEGMENT_SEALED, EG_OFFSET_GAP */
  append(request: AppendRequest): Promise<AppendResult> {
    this.#checkDisk()
    checkOpen(request)
    // One promise whichever way it goes, so that those of one segment settle in the order of the calls.
    const outcome = deferred<AppendResult>()
    this.#queue.enter(request.segment, request.batch.length, {
      admit: () => this.#tryAdmit(request, outcome),
      refuse: outcome.reject,
    })
    if (this.#queue.count > 0) this.#with.keeper.press()
    return outcome.promise
  }

  /** There may be room. Where it does not suffice for all who wait, more is made. */
  advance(): void {
    this.#queue.advance()
    if (this.#queue.count > 0) this.#with.keeper.press()
  }

  /**
   * The segment has ended, or a change of it has begun: its appends that still wait are refused now, unstamped. Later
   * they would be refused as well, but then what follows them may already be in the successor (P2).
   */
  refuseWaitingOf(segment: Segment): void {
    this.#queue.refuse(segment, segmentSealed(segment.id, whyClosed(segment)))
    this.advance()
  }

  /** All of them, in the order of the calls. */
  refuseWaiting(error: unknown): void {
    this.#queue.refuseAll(error)
  }

  /** Half of the memory, and no more journal files than agreed; one append always goes (H49). */
  #hasRoom(bytes: number): boolean {
    const { cache, journal } = this.#with
    if (!cache.hasRoom(bytes)) return false
    return journal.files.length <= this.#journalFilesMax || cache.unflushedBytes === 0
  }

  #checkDisk(): void {
    this.lookAtDisk()
    const reason = this.#whyFull()
    if (reason !== undefined) throw diskFull(reason)
  }

  #whyFull(): string | undefined {
    const { monitor, pool, flusher } = this.#with
    if (monitor.state === 'refuse') return 'its used share is above the limit'
    if (pool.exhausted) return 'there is no room for the next journal file'
    return flusher.full ? 'a segment file could not grow' : undefined
  }

  #tryAdmit(request: AppendRequest, outcome: Deferred<AppendResult>): void {
    try {
      this.#admit(request, outcome)
    } catch (error) {
      outcome.reject(error)
    }
  }

  #admit(request: AppendRequest, outcome: Deferred<AppendResult>): void {
    const stopped = this.#with.stopped()
    if (stopped !== undefined) throw stopped
    checkOpen(request) // it may have waited
    const { segment, batch, header } = request
    const baseOffset = segment.nextOffset
    let { appendTime } = header
    if (request.mode === 'append') {
      appendTime = Math.max(0, this.#with.clock.wallTime(), segment.lastAppendTime)
      stampBatch(batch, segment.idBytes, baseOffset, appendTime)
    } else if (header.baseOffset !== baseOffset) {
      throw offsetGap(segment.id, 'a batch with base offset', header.baseOffset, baseOffset) // H42: in every build
    }
    segment.lastAppendTime = appendTime
    const endOffset = baseOffset + header.recordCount
    const maxTimestamp = header.maxTimestamp
    const held: HeldBatch = {
      ...{ bytes: batch, baseOffset, endOffset, maxTimestamp },
      ...{ journalPosition: undefined, flushed: false, dropped: false },
    }
    if (!segment.preludeJournalled) this.#pushPrelude(segment)
    this.#with.cache.admit(segment.run, held)
    segment.nextOffset = endOffset
    this.#push(segment, held, header.checksum, outcome)
  }

  #push(segment: Segment, held: HeldBatch, payloadChecksum: number, outcome: Deferred<AppendResult>): void {
    const { journal, keeper, cache, stopped } = this.#with
    const appendTime = batchAppendTime(held.bytes)
    segment.beginWrite()
    journal.push({
      kind: 'append',
      segment: segment.idBytes,
      offset: held.baseOffset,
      payload: held.bytes,
      payloadChecksum,
      durable: (position) => {
        held.journalPosition = position
        segment.extend(held, appendTime)
        segment.endWrite()
        keeper.appended(segment, this.#queue.count > 0)
        outcome.resolve({ baseOffset: held.baseOffset, endOffset: held.endOffset, appendTime })
      },
      takeBack: () => {
        cache.takeBack(segment.run, held)
        segment.nextOffset = held.baseOffset
      },
      refused: (error) => {
        segment.endWrite()
        outcome.reject(stopped() ?? error)
      },
    })
  }

  /** Goes in front of the first append: from it and the frames, the segment file can be made. */
  #pushPrelude(segment: Segment): void {
    segment.preludeJournalled = true
    const { prelude, startOffset } = segment.head
    this.#with.journal.push({
      kind: 'prelude',
      segment: segment.idBytes,
      offset: startOffset,
      payload: prelude,
      payloadChecksum: crc32(prelude),
      durable: (position) => {
        segment.preludeAt = position
      },
      refused: () => {
        segment.preludeJournalled = false
      },
    })
  }
}

function checkOpen({ segment, mode }: AppendRequest): void {
  const verdict = judgeSegment(segment.state, mode === 'settle' ? 'settle' : 'append')
  invariant(verdict.kind !== 'wrong', 'only a fenced copy is completed from another', { segment: segment.id })
  if (verdict.kind === 'go' && !segment.leaving && segment.changing === 0) return
  throw segmentSealed(segment.id, whyClosed(segment))
}

function whyClosed(segment: Segment): string {
  if (segment.leaving) return 'being forgotten'
  return segment.changing > 0 ? 'being cut' : segment.state
}
