import { crc32 } from '@eastguard/kernel'
import type { Place } from '../answers.ts'
import type { Flusher } from '../flusher.ts'
import type { FrameKind } from '../format/journal-frame.ts'
import { encodePlace } from '../format/suspect-place.ts'
import { anySegment } from '../recovery/recover.ts'
import type { Cache } from '../segment/cache.ts'
import type { Segment } from '../segment/segment.ts'
import { type SegmentId, segmentIdBytes } from '../segment-id.ts'
import type { Journal } from './journal.ts'
import type { Watermark } from './watermark.ts'

export interface KeeperComponents {
  readonly journal: Journal
  readonly flusher: Flusher
  readonly cache: Cache
  readonly segments: ReadonlyMap<SegmentId, Segment>
  readonly watermark: Watermark
  readonly failed: (error: unknown) => void
}

/**
 * Keeps the journal short. Decides which segments to flush, says again in a newer file what no segment file says
 * (commits, suspicions), and lets go of files that nobody needs.
 */
export class JournalKeeper {
  readonly #with: KeeperComponents
  readonly #flushBytes: number
  /** Segments with something that is not in their file, oldest first. */
  readonly #unflushed = new Set<Segment>()
  #lostTraces: Place | undefined
  #lostTracesAt: number | undefined
  #releasing = false
  #blocker: Segment | undefined

  constructor(components: KeeperComponents, flushBytes: number, lostTraces: Place | undefined) {
    this.#with = components
    this.#flushBytes = flushBytes
    this.#lostTraces = lostTraces
  }

  /** Says everything again in the journal's first file. Resolves when it is durable. */
  async carryAll(): Promise<void> {
    const carried = [...this.#with.segments.values()].map((segment) => this.#carry(segment))
    await Promise.all([...carried, this.#carryLostTraces()])
  }

  /** A clean stop with nothing damaged ends the suspicion of segments without trace. */
  async endLostTraces(): Promise<void> {
    const damaged = [...this.#with.segments.values()].some(({ state }) => state === 'damaged')
    if (this.#lostTraces === undefined || damaged) return
    this.#lostTraces = undefined
    await this.#push(segmentIdBytes(anySegment), 'forget', 0, undefined)
  }

  /** A batch of it has become durable. @param pressed somebody waits for room */
  appended(segment: Segment, pressed: boolean): void {
    this.#unflushed.add(segment)
    if (segment.unflushedBytes >= this.#flushBytes) this.#with.flusher.ask(segment, this.#flushBytes)
    if (pressed || this.#isMuch(this.#with.cache.unflushedBytes)) this.press()
  }

  /** Flushes the oldest, until what is left after them is less than half of what may be unflushed. */
  press(): void {
    let left = this.#with.cache.unflushedBytes
    for (const segment of this.#unflushed) {
      this.#with.flusher.ask(segment)
      left -= segment.unflushedBytes
      if (!this.#isMuch(left)) return
    }
  }

  flushed(segment: Segment): void {
    if (segment.run.firstUnflushed === undefined) this.#unflushed.delete(segment)
    this.#release()
  }

  gone(segment: Segment): void {
    this.#unflushed.delete(segment)
    this.#release()
  }

  /** The journal has gone on to its next file: what only older ones have must not stay there for ever (H51). */
  switched(): void {
    const previous = this.#with.journal.files.at(-2)?.base ?? 0
    for (const segment of this.#unflushed) {
      if ((segment.needsFrom ?? previous) < previous) this.#with.flusher.ask(segment)
    }
    const carried: Promise<void>[] = []
    for (const segment of this.#with.segments.values()) {
      // Its first append was refused, or cut away: no batch will take its prelude along.
      if ((segment.preludeAt ?? previous) < previous) this.#with.flusher.ask(segment)
      if ((segment.carriedAt ?? previous) < previous) carried.push(this.#carry(segment))
    }
    if ((this.#lostTracesAt ?? previous) < previous) carried.push(this.#carryLostTraces())
    // Refusals tell nothing new: whoever can do something about them is told by the failure itself.
    Promise.all(carried).then(
      () => this.#release(),
      () => {},
    )
  }

  #isMuch(unflushedBytes: number): boolean {
    return unflushedBytes * 2 > this.#with.cache.unflushedBytesMax
  }

  #release(): void {
    const { journal, segments, failed } = this.#with
    const oldest = journal.files[0]
    if (oldest === undefined || journal.files.length < 2 || this.#releasing) return
    const oldestEnd = oldest.base + oldest.bytes
    const blocked = this.#blocker === undefined ? undefined : needOf(this.#blocker)
    if (blocked !== undefined && blocked < oldestEnd) return
    const needs = [this.#lostTracesAt]
    this.#blocker = undefined
    for (const segment of segments.values()) {
      const need = needOf(segment)
      needs.push(need)
      if (need !== undefined && need < oldestEnd) this.#blocker = segment
    }
    const end = journal.files.at(-1)?.base ?? 0
    this.#releasing = true
    journal
      .release(this.#with.watermark(needs, end))
      .catch(failed)
      .finally(() => {
        this.#releasing = false
      })
  }

  async #carry(segment: Segment): Promise<void> {
    // While a cut is under way, a commit must not follow its frame: what carries it now stays until that is over.
    if (segment.state === 'sealed' || segment.leaving || segment.changing > 0) return
    const pushed: Promise<number>[] = []
    const { idBytes, damage, commit } = segment
    if (segment.state === 'damaged' && damage !== undefined) {
      pushed.push(this.#push(idBytes, 'suspect', segment.durableEnd, encodePlace(damage)))
    }
    const readable = Math.min(commit, segment.durableEnd)
    if (readable > segment.startOffset) pushed.push(this.#push(idBytes, 'commit', readable, undefined))
    if (pushed.length === 0) {
      segment.carriedAt = undefined // it was cut to its start: nothing of it is committed
      return
    }
    const at = Math.min(...(await Promise.all(pushed)))
    if (segment.carriedAt === undefined || segment.carriedAt < at) segment.carriedAt = at
  }

  async #carryLostTraces(): Promise<void> {
    if (this.#lostTraces === undefined) return
    this.#lostTracesAt = await this.#push(segmentIdBytes(anySegment), 'suspect', 0, encodePlace(this.#lostTraces))
  }

  #push(segment: Uint8Array, kind: FrameKind, offset: number, payload: Uint8Array | undefined): Promise<number> {
    return new Promise((resolve, reject) => {
      const payloadChecksum = payload === undefined ? 0 : crc32(payload)
      this.#with.journal.push({ kind, segment, offset, payload, payloadChecksum, durable: resolve, refused: reject })
    })
  }
}

function needOf(segment: Segment): number | undefined {
  const { needsFrom, carriedAt } = segment
  if (needsFrom === undefined || carriedAt === undefined) return needsFrom ?? carriedAt
  return Math.min(needsFrom, carriedAt)
}
