import {
  decodeFrame,
  type FrameHeader,
  type FrameIsLive,
  frameAlignment,
  frameHeaderBytes,
  frameIsLive,
  isPayloadValid,
} from '../format/journal-frame.ts'
import { journalBlockBytes } from '../format/journal-header.ts'
import { alignUp, isZero, viewOf } from '../format/little-endian.ts'

/** How a file's end is known. */
export type FileEnd =
  /** The file has a successor, which says where the last frame ends. */
  | { readonly kind: 'successor'; readonly previousEnd: number }
  /** Judged by its own frames. */
  | { readonly kind: 'newest' }

export type ScanItem =
  | { readonly kind: 'frame'; readonly frame: FrameHeader; readonly at: number }
  /** Its header is good and its payload is not: it touches its own segment only. */
  | { readonly kind: 'spoiled'; readonly frame: FrameHeader; readonly at: number }
  /** Frames were here and nobody can say whose. */
  | { readonly kind: 'lost'; readonly at: number }

export interface JournalScan {
  /** In the order of the file. */
  readonly items: readonly ScanItem[]
  /** Right behind the last frame that counts. */
  readonly end: number
  /** What was at this place was dropped: a group that was never synced. */
  readonly tornAt: number | undefined
  /** Here stands a frame that only a newer release understands. */
  readonly newerAt: number | undefined
}

/**
 * Whether damage at `position` of the newest file is rot, or the torn tail of a group that was never synced.
 * @param durableAfter largest durable position of any frame behind the damage, undefined when there is none
 */
export type JudgeDamage = (position: number, durableAfter: number | undefined) => 'rot' | 'torn'

/**
 * H54: the blocks of one unsynced group reach the disk in any order, so "a valid frame follows" proves nothing. What
 * proves rot is a frame that was written when everything up to beyond this place had been synced.
 */
export const judgeDamage: JudgeDamage = (position, durableAfter) =>
  durableAfter !== undefined && durableAfter > position ? 'rot' : 'torn'

export interface JournalScanRules {
  readonly isLive: FrameIsLive
  readonly judge: JudgeDamage
}

const journalScanRules: JournalScanRules = { isLive: frameIsLive, judge: judgeDamage }

export interface JournalScanInput {
  /** The whole file; borrowed. */
  readonly bytes: Uint8Array
  readonly sequence: number
  readonly base: number
  readonly seed: number
  readonly end: FileEnd
}

interface Found {
  readonly frame: FrameHeader
  readonly at: number
}

/**
 * Reads one journal file.
 *
 * ```
 *   header │ frame frame 000… │ frame ▒▒▒▒▒▒ frame │ ▒▒▒▒▒
 *                                     lost:          torn, if nothing behind it was written after its sync
 *                                     the next frame's `back` does not reach the frame before it
 * ```
 */
export function scanJournal(input: JournalScanInput, rules: JournalScanRules = journalScanRules): JournalScan {
  const limit = input.end.kind === 'newest' ? input.bytes.length : endInFile(input)
  const { found, newerAt } = findFrames(input, limit, rules.isLive)
  const durableAfter = largestFrom(found)
  const items: ScanItem[] = []
  let lastAt: number | undefined
  let end = journalBlockBytes
  const torn = (at: number, place: number): boolean =>
    input.end.kind === 'newest' && rules.judge(input.base + at, durableAfter[place]) === 'torn'
  const result = (tornAt?: number): JournalScan => ({ items, end, tornAt, newerAt })

  for (const [i, { frame, at }] of found.entries()) {
    if (frame.back !== (lastAt === undefined ? 0 : at - lastAt)) {
      const lostAt = frameAfter(input.bytes, end)
      if (torn(lostAt, i)) return result(lostAt)
      items.push({ kind: 'lost', at: lostAt })
    }
    const payload = input.bytes.subarray(at + frameHeaderBytes, at + frame.length)
    const good = isPayloadValid(frame, payload)
    if (!good && torn(at, i + 1)) return result(at)
    items.push({ kind: good ? 'frame' : 'spoiled', frame, at })
    lastAt = at
    end = at + frame.length
  }
  if (input.end.kind === 'successor' && end < limit) items.push({ kind: 'lost', at: end })
  return result()
}

function endInFile({ bytes, base, end }: JournalScanInput): number {
  const previousEnd = end.kind === 'successor' ? end.previousEnd - base : bytes.length
  return Math.max(journalBlockBytes, Math.min(previousEnd, bytes.length))
}

/** Every good header, walking from frame to frame and, where that fails, from place to place. */
function findFrames(
  { bytes, sequence, seed }: JournalScanInput,
  limit: number,
  isLive: FrameIsLive,
): { readonly found: readonly Found[]; readonly newerAt: number | undefined } {
  const view = viewOf(bytes)
  const context = { seed, sequence, limit, isLive }
  const found: Found[] = []
  for (let at = journalBlockBytes; at + frameHeaderBytes <= limit; ) {
    if (view.getUint32(at, true) === 0) {
      at += frameAlignment // no frame has length 0: most of a young file is passed here
      continue
    }
    const frame = decodeFrame(bytes, view, at, context)
    if (frame === 'newer') return { found, newerAt: at }
    if (frame === undefined) at += frameAlignment
    else {
      found.push({ frame, at })
      at = alignUp(at + frame.length, frameAlignment)
    }
  }
  return { found, newerAt: undefined }
}

/** For each place the largest durable position from there on. */
function largestFrom(found: readonly Found[]): readonly (number | undefined)[] {
  const largest: (number | undefined)[] = new Array(found.length + 1)
  for (let i = found.length - 1; i >= 0; i--) {
    largest[i] = Math.max(found[i]?.frame.durable ?? 0, largest[i + 1] ?? 0)
  }
  return largest
}

/** Where the frame after `end` begins: eight zero bytes mean "next block". */
function frameAfter(bytes: Uint8Array, end: number): number {
  const at = alignUp(end, frameAlignment)
  return isZero(bytes, at, Math.min(at + frameAlignment, bytes.length)) ? alignUp(at, journalBlockBytes) : at
}
