import type { Disk } from '@eastguard/kernel'
import { batchRecordCount } from '@eastguard/record'
import type { Place } from '../answers.ts'
import type { FrameHeader } from '../format/journal-frame.ts'
import type { Lane } from '../lane.ts'
import { BatchTally } from '../segment/batch-tally.ts'
import { extendTally } from '../segment/extend-tally.ts'
import { Segment } from '../segment/segment.ts'
import { bodyPositionOf, type FileHead, SegmentFile } from '../segment/segment-file.ts'
import { type SegmentId, segmentIdBytes } from '../segment-id.ts'
import type { FoundSegmentFile } from './segment-files.ts'
import { SegmentReplay } from './segment-replay.ts'

const noHead: FileHead = { startOffset: 0, prelude: new Uint8Array(0) }

/** What the journal as a whole says about a segment; see `JournalSummary`. */
export interface SegmentSummary {
  /** Smallest end to which it was ever cut: what lies above it in the file may be of before or after. */
  floor: number
  /** How often it was cut to there. */
  cutsToFloor: number
  forgotten: boolean
  sealEnd: number | undefined
}

/**
 * A segment that has no trailer to speak for it: its file, verified batch by batch, and then what the journal adds.
 */
export class RecoveringSegment {
  readonly id: SegmentId
  readonly replay: SegmentReplay
  readonly file: SegmentFile
  readonly #idBytes: Uint8Array
  readonly #disk: Disk
  readonly #headDamage: Place | undefined
  #head: FileHead | undefined
  #tally: BatchTally
  #fileBytes: number
  /** Bytes behind the verified batches are what an unfinished flush, cut or seal leaves. */
  #explained: boolean
  #pending: Uint8Array[] = []
  #pendingPosition = 0
  replayedBatches = 0
  replayedBytes = 0

  private constructor(
    id: SegmentId,
    { disk, directories }: { readonly disk: Disk; readonly directories: Lane },
    found: FoundSegmentFile | undefined,
    summary: SegmentSummary | undefined,
  ) {
    this.id = id
    this.#idBytes = segmentIdBytes(id)
    this.#disk = disk
    this.#head = found?.head
    this.#headDamage = found?.headDamage
    this.#fileBytes = found?.bytes ?? 0
    this.#explained = found === undefined
    // A file whose head is bad is written anew, if the journal still has what it takes.
    this.file = new SegmentFile(id, disk, directories, found?.head !== undefined)
    this.#tally = tallyOf(found?.head ?? noHead)
    this.replay = new SegmentReplay(
      found?.head === undefined ? undefined : { startOffset: found.head.startOffset, end: found.head.startOffset },
      summary,
    )
  }

  /** @param found undefined when there is no file, or one that the journal says to remove */
  static async open(
    id: SegmentId,
    components: { readonly disk: Disk; readonly directories: Lane },
    found: FoundSegmentFile | undefined,
    summary: SegmentSummary | undefined,
  ): Promise<RecoveringSegment> {
    const segment = new RecoveringSegment(id, components, found, summary)
    if (found?.head !== undefined) await segment.#verify(summary?.floor ?? Number.POSITIVE_INFINITY)
    return segment
  }

  get tally(): BatchTally {
    return this.#tally
  }

  get fileBytes(): number {
    return this.#fileBytes
  }

  /** One frame of the journal. @param payload borrowed until `writePending` */
  async apply(frame: FrameHeader, payload: Uint8Array, place: Place): Promise<void> {
    const effect = this.replay.step(frame, frame.kind === 'append' ? batchRecordCount(payload) : 0, place)
    switch (effect.kind) {
      case 'nothing':
        return
      case 'begin':
        this.#head = { startOffset: frame.offset, prelude: payload.slice() }
        this.#tally = tallyOf(this.#head)
        return
      case 'append':
        if (this.#pending.length === 0) this.#pendingPosition = this.#tally.endPosition
        this.#pending.push(payload)
        this.#tally.add(payload)
        this.#explained = true
        this.replayedBatches++
        this.replayedBytes += payload.length
        return
      case 'cut':
        await this.#cut(effect.end, place)
        return
      case 'remove':
        this.#pending = []
        await this.file.remove()
        this.#head = undefined
        this.#fileBytes = 0
        this.#explained = true
        this.#tally = tallyOf(noHead)
    }
  }

  /** Brings what the journal had to the file, durably. */
  async writePending(): Promise<void> {
    if (this.#pending.length === 0 || this.#head === undefined) return
    await this.file.append(this.#head, this.#pendingPosition, this.#pending)
    this.#fileBytes = Math.max(this.#fileBytes, this.#tally.endPosition)
    this.#pending = []
  }

  /**
   * Makes the file what was found, and the segment.
   * @returns undefined when it leaves no trace
   */
  async finish(): Promise<Segment | undefined> {
    await this.writePending()
    const damage = this.#judge()
    if (this.replay.startOffset === undefined) {
      return damage === undefined ? undefined : this.#segment('damaged', damage)
    }
    const { endPosition } = this.#tally
    if (this.#fileBytes > endPosition && this.#explained) await this.file.truncate(endPosition)
    // What was read may still be in the page cache only, if the process died and the machine did not.
    else if (this.file.exists) await this.file.sync()
    if (damage !== undefined) return this.#segment('damaged', damage)
    // A head that a crash cut short, and no batch behind it in the journal: the next start would call it damage.
    if (!this.file.exists && this.#headDamage !== undefined) await this.file.remove()
    if (this.replay.sealEnd === undefined) return this.file.exists ? this.#segment('fenced', undefined) : undefined
    if (this.replay.sealEnd === this.replay.startOffset) {
      await this.file.remove()
      return undefined
    }
    const segment = this.#segment('fenced', undefined)
    segment.sealedBy(await this.file.seal(this.#tally))
    return segment
  }

  async #verify(floor: number): Promise<void> {
    const file = await this.#disk.open(this.file.path, 'read')
    try {
      const stop = await extendTally(file, this.#tally, this.#idBytes, floor)
      this.#explained = stop === 'limit'
      this.replay.end = this.#tally.endOffset
    } finally {
      await file.close()
    }
  }

  async #cut(end: number, place: Place): Promise<void> {
    await this.writePending()
    this.#explained = true
    if (!this.file.exists && this.#head !== undefined) {
      // Cut to its start before it was flushed. This frame may outlive the prelude's in the journal: the file is first.
      await this.file.append(this.#head, this.#tally.bodyPosition, [])
      this.#fileBytes = Math.max(this.#fileBytes, this.#tally.endPosition)
    }
    if (this.#tally.endOffset === end) return
    this.#tally.rewind(end)
    const file = await this.#disk.open(this.file.path, 'read')
    try {
      await extendTally(file, this.#tally, this.#idBytes, end)
    } finally {
      await file.close()
    }
    if (this.#tally.endOffset === end) return
    this.replay.end = this.#tally.endOffset
    this.replay.suspect ??= place // no batch ends where it was cut: these are not the bytes that were cut
  }

  /** What is wrong with it, if anything. */
  #judge(): Place | undefined {
    const here = (position: number, reason: string): Place => ({ file: this.file.path, position, reason })
    const { startOffset, end, commit, verdict } = this.replay
    if (verdict !== undefined) return verdict
    if (startOffset === undefined) {
      return this.#headDamage ?? (commit > 0 ? here(0, 'the file is missing') : undefined)
    }
    if (commit > end) return here(this.#tally.endPosition, `it was committed to ${commit}, and ends at ${end}`)
    // H54: bytes that are no batch, and that no flush, cut or seal of the journal explains, are rot, never the end.
    const unexplained = this.#fileBytes > this.#tally.endPosition && !this.#explained
    return unexplained ? here(this.#tally.endPosition, 'what stands here is no batch of this segment') : undefined
  }

  #segment(state: 'fenced' | 'damaged', damage: Place | undefined): Segment {
    const head = this.#head ?? noHead
    const segment = new Segment({ id: this.id, head, state, restarted: true, file: this.file, tally: this.#tally })
    segment.commit = Math.max(head.startOffset, Math.min(this.replay.commit, this.#tally.endOffset))
    segment.damage = damage
    return segment
  }
}

function tallyOf(head: FileHead): BatchTally {
  return new BatchTally(head.startOffset, bodyPositionOf(head.prelude))
}
