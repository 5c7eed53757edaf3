import type { Place } from '../answers.ts'
import type { FrameHeader } from '../format/journal-frame.ts'

/** What the driver must do with the segment's file. */
export type ReplayEffect =
  | { readonly kind: 'nothing' }
  /** Keep the payload: it is the prelude. */
  | { readonly kind: 'begin' }
  /** The payload is the next batch. */
  | { readonly kind: 'append' }
  | { readonly kind: 'cut'; readonly end: number }
  /** Remove the file and start from nothing. */
  | { readonly kind: 'remove' }

const nothing: ReplayEffect = { kind: 'nothing' }

/**
 * What the journal says about one unsealed segment, frame by frame, on top of what its file holds. Meeting the same
 * frames twice changes nothing: recovery may itself be cut short.
 */
export class SegmentReplay {
  /** Undefined while neither a file nor a prelude has been seen. */
  startOffset: number | undefined
  end: number
  commit = 0
  /** The segment was to be sealed here. */
  sealEnd: number | undefined
  /** It may lack records: something that nobody can read was in the journal, and nothing since shows that it was not its. */
  doubt: Place | undefined
  /** It lacks records. */
  suspect: Place | undefined
  /** Journal frames exist that have no place to go: their file is to be kept. */
  orphaned = false

  readonly #floor: number
  #cutsToFloor: number

  /**
   * @param file what a verified file holds, up to the floor; undefined without one
   * @param cuts the smallest end to which the journal cuts the segment, and how often. Until the last of these, what is
   * above is of no account: its place in the file may hold what came later, and parts of it may have left the journal.
   */
  constructor(
    file: { readonly startOffset: number; readonly end: number } | undefined,
    cuts: { readonly floor: number; readonly cutsToFloor: number } | undefined,
  ) {
    this.startOffset = file?.startOffset
    this.end = file?.end ?? 0
    this.#floor = cuts?.floor ?? Number.POSITIVE_INFINITY
    this.#cutsToFloor = cuts?.cutsToFloor ?? 0
  }

  /** What `fence` must answer with, if it is not the end. */
  get verdict(): Place | undefined {
    return this.suspect ?? this.doubt
  }

  /** Somewhere between the frames seen and those to come, frames were lost. */
  lose(place: Place): void {
    if (this.startOffset !== undefined) this.doubt ??= place
  }

  /** A frame of this segment whose payload is spoiled. */
  spoil(frame: FrameHeader, place: Place): void {
    // What the segment's file has already, nobody needs from the journal.
    if (this.startOffset !== undefined && frame.kind === 'prelude') return
    if (this.startOffset !== undefined && frame.kind === 'append' && frame.offset < this.end) return
    this.suspect ??= place
  }

  /**
   * @param records of an append's batch, else 0
   * @param place of the frame
   */
  step(frame: FrameHeader, records: number, place: Place): ReplayEffect {
    switch (frame.kind) {
      case 'prelude':
        return this.#begin(frame.offset)
      case 'append':
        return this.#append(frame.offset, records, place)
      case 'truncate':
        return this.#cut(frame.offset, place)
      case 'seal':
        return this.#seal(frame.offset, place)
      case 'commit':
        this.commit = Math.max(this.commit, frame.offset)
        return nothing
      case 'suspect':
        this.suspect ??= place
        return nothing
      case 'forget':
        this.#forget()
        return { kind: 'remove' }
    }
  }

  #begin(startOffset: number): ReplayEffect {
    if (this.startOffset !== undefined) return nothing
    this.startOffset = startOffset
    this.end = startOffset
    return { kind: 'begin' }
  }

  #append(offset: number, records: number, place: Place): ReplayEffect {
    if (this.#cutsToFloor > 0 && offset >= this.#floor) return nothing
    if (this.suspect !== undefined || this.startOffset === undefined || offset > this.end) {
      this.suspect ??= this.doubt ?? place
      this.orphaned = true
      return nothing
    }
    // The frame continues what is here, or is here: so nothing of this segment was lost before it.
    this.doubt = undefined
    if (offset < this.end) return nothing
    this.end = offset + records
    return { kind: 'append' }
  }

  #cut(end: number, place: Place): ReplayEffect {
    if (this.#cutsToFloor > 0 && end > this.#floor) return nothing
    if (end === this.#floor) this.#cutsToFloor--
    if (this.startOffset === undefined || end > this.end) {
      this.suspect ??= this.doubt ?? place
      return nothing
    }
    this.doubt = undefined
    this.end = end
    this.commit = Math.min(this.commit, end)
    return { kind: 'cut', end }
  }

  #seal(end: number, place: Place): ReplayEffect {
    const effect = this.#cut(end, place)
    // A copy that holds the committed end whole is good, whatever was suspected of its tail.
    if (effect.kind !== 'cut') return effect
    this.suspect = undefined
    this.sealEnd = end
    return effect
  }

  #forget(): void {
    this.startOffset = this.doubt = this.suspect = this.sealEnd = undefined
    this.end = this.commit = 0
    this.orphaned = false
  }
}
