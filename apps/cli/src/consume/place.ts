import type { ReaderSettings } from '@eastguard/client'
import { invalidArgument } from '../options.ts'
import { parseIsoTime } from '../text/iso-time.ts'
import { parseDurationText } from '../text/units.ts'

// `--from` and `--until`, as the client takes them.

/** @throws EG_INVALID_ARGUMENT (fix-call) */
export function parseFrom(text: string): NonNullable<ReaderSettings['from']> {
  if (text === 'start' || text === 'end') return text
  const place = parsePlace(text)
  if (place !== undefined) return place
  throw wrong('--from', text, 'start, end, an age like -1h, a time like 2026-11-23T04:00:00Z, an offset or a position')
}

/** @throws EG_INVALID_ARGUMENT (fix-call) */
export function parseUntil(text: string): NonNullable<ReaderSettings['until']> {
  if (text === 'now' || text === 'end') return text
  const place = parsePlace(text)
  if (place !== undefined && !isPosition(text)) return place
  throw wrong('--until', text, 'end, now, an age like -5m, a time like 2026-11-23T04:00:00Z, or an offset')
}

function parsePlace(text: string): { readonly offset: number } | number | string | undefined {
  if (isPosition(text)) return text
  if (/^\d{1,16}$/.test(text)) return { offset: Number(text) }
  if (text.startsWith('-') && parseDurationText(text.slice(1)) !== undefined)
    return `-${parseDurationText(text.slice(1))}ms`
  return parseIsoTime(text)
}

function isPosition(text: string): boolean {
  return /^[0-9a-f]{16}:/.test(text)
}

function wrong(flag: string, text: string, wanted: string): Error {
  return invalidArgument(`${flag} is ${JSON.stringify(text)}; it must be ${wanted}`)
}
