import type { AbortSignal } from '@eastguard/kernel'
import { codedError } from '@eastguard/protocol'
import { parseDuration } from '../duration.ts'
import { isPositionText, type Position, parsePosition } from '../position.ts'
import { boundedNumber } from '../settings.ts'

/**
 * `start`, `end`, `{ offset }` in each range that is read, ms since 1970, how long ago (`-1h`), or the position of a
 * record or of a reader.
 */
export type ReadFrom = 'start' | 'end' | { readonly offset: number } | number | string

/**
 * `now`: the committed end at the start of the call. `end`: until the reader has caught up, whatever is written
 * meanwhile. `{ offset }` in each range, exclusive. A time in ms since 1970 or ago (`-5m`): up to the first record with
 * that timestamp or a later one, or to the end at the start of the call where there is none yet.
 */
export type ReadUntil = 'now' | 'end' | { readonly offset: number } | number | string

export interface ReaderSettings {
  /** Default `start`. */
  readonly from?: ReadFrom
  /** Without it the reader follows the tail for ever. */
  readonly until?: ReadUntil
  /** This range only; all ranges of the topic unless said. */
  readonly range?: number
  /**
   * Batches on their way or waiting to be read, bytes, over all ranges; each range may have at least one batch.
   * Default 16 MiB.
   */
  readonly bufferBytes?: number
  /** A range whose leader cannot be reached for this long ends the reader with EG_UNREACHABLE, ms. Default: never. */
  readonly unreachableMs?: number
  /** Ends the reader: its iterator throws the signal's reason. */
  readonly signal?: AbortSignal
}

export type StartPoint =
  | { readonly kind: 'start' }
  | { readonly kind: 'end' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'time'; readonly time: number }
  | { readonly kind: 'position'; readonly position: Position }

export type EndPoint =
  | { readonly kind: 'never' }
  | { readonly kind: 'now' }
  | { readonly kind: 'caughtUp' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'time'; readonly time: number }

export interface ResolvedReaderSettings {
  readonly from: StartPoint
  readonly until: EndPoint
  readonly range: number | undefined
  readonly bufferBytes: number
  readonly unreachableMs: number | undefined
}

/** @param wallTime now, ms since 1970. @throws EG_INVALID_ARGUMENT (fix-call) */
export function resolveReaderSettings(settings: ReaderSettings, wallTime: number): ResolvedReaderSettings {
  const { range, unreachableMs } = settings
  return {
    from: startPoint(settings.from ?? 'start', wallTime),
    until: settings.until === undefined ? { kind: 'never' } : endPoint(settings.until, wallTime),
    range: range === undefined ? undefined : boundedNumber('range', range, { min: 0, max: 0xffffffff }),
    bufferBytes: boundedNumber('bufferBytes', settings.bufferBytes ?? 16 * 1024 * 1024, { min: 1, max: 2 ** 40 }),
    unreachableMs:
      unreachableMs === undefined
        ? undefined
        : boundedNumber('unreachableMs', unreachableMs, { min: 1, max: Number.MAX_SAFE_INTEGER }),
  }
}

function startPoint(from: ReadFrom, wallTime: number): StartPoint {
  if (from === 'start' || from === 'end') return { kind: from }
  if (typeof from === 'string' && isPositionText(from)) return { kind: 'position', position: parsePosition(from) }
  return offsetOrTime('from', from, wallTime)
}

function endPoint(until: ReadUntil, wallTime: number): EndPoint {
  if (until === 'now') return { kind: 'now' }
  if (until === 'end') return { kind: 'caughtUp' }
  return offsetOrTime('until', until, wallTime)
}

function offsetOrTime(
  what: string,
  value: { readonly offset: number } | number | string,
  wallTime: number,
): { readonly kind: 'offset'; readonly offset: number } | { readonly kind: 'time'; readonly time: number } {
  const bounds = { min: 0, max: Number.MAX_SAFE_INTEGER }
  if (typeof value === 'number') return { kind: 'time', time: boundedNumber(what, value, bounds) }
  if (typeof value === 'object')
    return { kind: 'offset', offset: boundedNumber(`${what}.offset`, value.offset, bounds) }
  if (value.startsWith('-')) return { kind: 'time', time: Math.max(0, wallTime - parseDuration(value.slice(1), what)) }
  throw codedError(
    'EG_INVALID_ARGUMENT',
    `${what} is ${JSON.stringify(value)}; it may be start, end, { offset }, ms since 1970, like -1h, or a position`,
    { what, value },
  )
}
