import { invariant } from '@eastguard/kernel'
import { type FrameKind, frameAlignment, frameHeaderBytes } from '../format/journal-frame.ts'
import { journalBlockBytes } from '../format/journal-header.ts'
import { alignUp } from '../format/little-endian.ts'

/** What somebody wants in the journal. */
export interface FrameRequest {
  readonly kind: FrameKind
  /** 16 bytes. */
  readonly segment: Uint8Array
  readonly offset: number
  readonly payload: Uint8Array | undefined
  readonly payloadChecksum: number
}

export interface PlacedFrame<Entry extends FrameRequest> {
  readonly entry: Entry
  /** From the start of the file. */
  readonly at: number
  readonly back: number
}

/** One group = one write = one sync. Starts and ends at multiples of 4,096. */
export interface Group<Entry extends FrameRequest> {
  readonly sequence: number
  readonly at: number
  readonly bytes: number
  /** Journal position below which everything is durable: the group's own start, as write and sync alternate. */
  readonly durable: number
  readonly frames: readonly PlacedFrame<Entry>[]
}

export type JournalStep<Entry extends FrameRequest> =
  | { readonly kind: 'idle' }
  /** Open the next file, then say `switched`. */
  | { readonly kind: 'switch'; readonly sequence: number; readonly base: number; readonly previousEnd: number }
  /** Write it, say `written`; sync it, say `synced`. */
  | { readonly kind: 'write'; readonly group: Group<Entry> }

export interface JournalLimits {
  readonly journalFileBytes: number
  readonly groupBytesMax: number
}

/** Bytes that a frame takes in its group. */
function framePlaceBytes(payloadBytes: number): number {
  return alignUp(frameHeaderBytes + payloadBytes, frameAlignment)
}

/** The largest payload that a file of this size can hold. */
export function payloadBytesMax(journalFileBytes: number): number {
  return journalFileBytes - journalBlockBytes - frameHeaderBytes
}

/**
 * Decides what goes into the next group, when to go on to the next file, and who is durable.
 *
 * ```
 *   push ──► queue ──next──► group ──written──► ──synced──► durable, in the order of push
 * ```
 *
 * A commit rides along with the next group and never causes one: of each segment only the newest waits.
 */
export class JournalCore<Entry extends FrameRequest> {
  readonly #limits: JournalLimits
  #sequence: number
  #base: number
  #at = journalBlockBytes
  #lastFrameAt: number | undefined
  #lastFrameEnd = journalBlockBytes
  #queue: Entry[] = []
  #taken = 0
  readonly #riders = new Map<string, Entry>()
  #group: Group<Entry> | undefined
  #phase: 'idle' | 'switching' | 'writing' | 'syncing' = 'idle'

  /** At the first frame of a fresh file. */
  constructor(limits: JournalLimits, file: { readonly sequence: number; readonly base: number }) {
    this.#limits = limits
    this.#sequence = file.sequence
    this.#base = file.base
  }

  get sequence(): number {
    return this.#sequence
  }

  get base(): number {
    return this.#base
  }

  push(entry: Entry): void {
    this.#queue.push(entry)
  }

  /** Replaces the segment's waiting rider. @param key of the segment */
  ride(key: string, entry: Entry): void {
    this.#riders.delete(key)
    this.#riders.set(key, entry)
  }

  unride(key: string): void {
    this.#riders.delete(key)
  }

  next(): JournalStep<Entry> {
    invariant(this.#phase === 'idle', 'write and sync of a journal strictly alternate', { phase: this.#phase })
    if (this.#queue.length === this.#taken) return { kind: 'idle' }
    const { entries, riders, bytes } = this.#choose()
    if (this.#at + bytes > this.#limits.journalFileBytes) {
      this.#phase = 'switching'
      const base = this.#base + this.#limits.journalFileBytes
      return { kind: 'switch', sequence: this.#sequence + 1, base, previousEnd: this.#base + this.#lastFrameEnd }
    }
    for (const [key] of riders) this.#riders.delete(key)
    this.#drop(entries.length)
    this.#group = this.#place([...riders.map(([, entry]) => entry), ...entries], bytes)
    this.#phase = 'writing'
    return { kind: 'write', group: this.#group }
  }

  switched(): void {
    invariant(this.#phase === 'switching', 'a journal file is opened when the core asks')
    this.#sequence++
    this.#base += this.#limits.journalFileBytes
    this.#at = journalBlockBytes
    this.#lastFrameAt = undefined
    this.#lastFrameEnd = journalBlockBytes
    this.#phase = 'idle'
  }

  /** No next file: nothing of what waits was written, and all of it is given back. */
  refuse(): readonly Entry[] {
    invariant(this.#phase === 'switching', 'only what waits for a file can be refused')
    const refused = this.#queue.slice(this.#taken)
    this.#queue = []
    this.#taken = 0
    this.#phase = 'idle'
    return refused
  }

  /** Everything that was pushed and is not durable, oldest first. The core is of no use afterwards. */
  abandon(): readonly Entry[] {
    const group = this.#group?.frames.map(({ entry }) => entry) ?? []
    const outstanding = [...group, ...this.#queue.slice(this.#taken)]
    this.#queue = []
    this.#taken = 0
    this.#group = undefined
    return outstanding
  }

  written(): void {
    invariant(this.#phase === 'writing', 'a group is written before it is synced')
    this.#phase = 'syncing'
  }

  /** H53: the only way to learn who is durable. Journal positions with it, in order. */
  synced(): readonly { readonly entry: Entry; readonly position: number }[] {
    const group = this.#group
    invariant(this.#phase === 'syncing' && group !== undefined, 'only a written group is synced')
    this.#phase = 'idle'
    this.#group = undefined
    return group.frames.map(({ entry, at }) => ({ entry, position: this.#base + at }))
  }

  /** As many as fit, at least one. */
  #choose(): {
    readonly entries: readonly Entry[]
    readonly riders: readonly [string, Entry][]
    readonly bytes: number
  } {
    const cap = Math.min(this.#limits.groupBytesMax, this.#limits.journalFileBytes - journalBlockBytes)
    let bytes = 0
    const entries: Entry[] = []
    for (let i = this.#taken; i < this.#queue.length; i++) {
      const entry = this.#queue[i] as Entry // below the length
      const more = framePlaceBytes(entry.payload?.length ?? 0)
      if (entries.length > 0 && bytes + more > cap) break
      bytes += more
      entries.push(entry)
    }
    const riders: [string, Entry][] = []
    for (const rider of this.#riders) {
      if (bytes + frameHeaderBytes > cap) break
      bytes += frameHeaderBytes
      riders.push(rider)
    }
    return { entries, riders, bytes: alignUp(bytes, journalBlockBytes) }
  }

  #drop(count: number): void {
    this.#taken += count
    if (this.#taken === this.#queue.length) this.#queue = []
    else if (this.#taken > 1024 && this.#taken * 2 > this.#queue.length) this.#queue = this.#queue.slice(this.#taken)
    else return
    this.#taken = 0
  }

  #place(entries: readonly Entry[], bytes: number): Group<Entry> {
    const start = this.#at
    const frames: PlacedFrame<Entry>[] = []
    let at = start
    for (const entry of entries) {
      frames.push({ entry, at, back: this.#lastFrameAt === undefined ? 0 : at - this.#lastFrameAt })
      this.#lastFrameAt = at
      this.#lastFrameEnd = at + frameHeaderBytes + (entry.payload?.length ?? 0)
      at += framePlaceBytes(entry.payload?.length ?? 0)
    }
    this.#at = start + bytes
    return { sequence: this.#sequence, at: start, bytes, durable: this.#base + start, frames }
  }
}
