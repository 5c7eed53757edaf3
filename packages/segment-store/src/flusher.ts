import { type Clock, type Counter, isEastGuardError, type Meter } from '@eastguard/kernel'
import { Pause } from './pause.ts'
import type { HeldBatch } from './segment/batch-run.ts'
import type { Cache } from './segment/cache.ts'
import type { Segment } from './segment/segment.ts'

/** One write of a flush. */
const flushBytesMax = 32 * 1024 * 1024
/** The journal's sync must never queue behind flushes in the runtime's thread pool of four. */
const flushCountMax = 2

export interface FlusherHooks {
  /** The watermark may have moved, and there is room. */
  flushed(segment: Segment): void
  failed(error: unknown): void
}

/** Lets so many work at once; the others wait in line, each with a caller behind it. */
class Slots {
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor(count: number) {
    this.#free = count
  }

  async with<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }
}

/** Brings batches from memory to the segment files, in the background and on demand. */
export class Flusher {
  readonly #pause: Pause
  readonly #cache: Cache
  readonly #hooks: FlusherHooks
  readonly #retryMs: number
  readonly #flushes: Counter
  readonly #slots = new Slots(flushCountMax)
  #stopped = false
  #retryCount = 0
  flushCount = 0

  constructor(
    components: { readonly clock: Clock; readonly meter: Meter; readonly cache: Cache; readonly hooks: FlusherHooks },
    retryMs: number,
  ) {
    this.#pause = new Pause(components.clock)
    this.#cache = components.cache
    this.#hooks = components.hooks
    this.#retryMs = retryMs
    this.#flushes = components.meter.counter({
      name: 'eastguard_segment_flushed_bytes_total',
      help: 'Bytes written from memory to segment files',
    })
  }

  /** Something has found the disk full and waits for room. */
  get full(): boolean {
    return this.#retryCount > 0
  }

  /**
   * Flushes what is durable by then, soon.
   * @param bytesMin not if it is less by then: the flush before this one may have written it
   */
  ask(segment: Segment, bytesMin = 0): void {
    if (this.#stopped) return
    const asked = segment.flushAsked
    segment.flushAsked = Math.min(bytesMin, asked ?? bytesMin)
    if (asked !== undefined) return
    segment.lane.run(() => this.#asked(segment)).catch((error: unknown) => this.#hooks.failed(error))
  }

  /** Flushes what is durable now, be it the prelude alone. Only inside the segment's lane. */
  async flush(segment: Segment): Promise<void> {
    const end = segment.durableEnd // what comes while this is written makes the next flush: syncs stay few
    for (;;) {
      const batches = segment.run.unflushed(end, flushBytesMax)
      if (segment.leaving || (batches.length === 0 && segment.preludeAt === undefined)) return
      if (!(await this.#write(segment, batches))) return
      segment.flushedEnd = segment.tally.endOffset
      segment.flushedPosition = segment.tally.endPosition
      segment.preludeAt = undefined
      this.#cache.flushed(segment.run, batches)
      this.flushCount++
      this.#hooks.flushed(segment)
    }
  }

  /** Who waits for room on the disk looks again now. */
  wake(): void {
    this.#pause.wake()
  }

  /** Flushes that are asked for directly still get one attempt. */
  stop(): void {
    this.#stopped = true
    this.#pause.wake()
  }

  async #asked(segment: Segment): Promise<void> {
    const bytesMin = segment.flushAsked ?? 0
    segment.flushAsked = undefined
    if (segment.unflushedBytes >= bytesMin) await this.flush(segment)
  }

  /** @returns false when it was given up */
  async #write(segment: Segment, batches: readonly HeldBatch[]): Promise<boolean> {
    const parts = batches.map((batch) => batch.bytes)
    const position = segment.tally.endPosition
    if (!(await this.retrying(segment, () => segment.file.append(segment.head, position, parts)))) return false
    let bytes = 0
    for (const batch of batches) {
      segment.tally.add(batch.bytes)
      bytes += batch.bytes.length
    }
    segment.unflushedBytes -= bytes
    this.#flushes.add(bytes)
    return true
  }

  /**
   * Does something with a segment's file, again and again while the disk is full: the journal keeps what is not there
   * (H51), so it can wait. Nothing of it may have been synced when it fails so.
   * @returns false when it was given up: the store stops, or the segment is to go
   */
  async retrying(segment: Segment, work: () => Promise<void>): Promise<boolean> {
    if (await this.#fits(work)) return true
    this.#retryCount++
    try {
      while (!this.#stopped && !segment.leaving) {
        await this.#pause.sleep(this.#retryMs)
        if (this.#stopped || segment.leaving) break
        if (await this.#fits(work)) return true
      }
      return false
    } finally {
      this.#retryCount--
    }
  }

  async #fits(work: () => Promise<void>): Promise<boolean> {
    try {
      await this.#slots.with(work)
      return true
    } catch (error) {
      if (isEastGuardError(error, 'EG_DISK_FULL')) return false
      throw error
    }
  }
}
