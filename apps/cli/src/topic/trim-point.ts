import type { TrimBefore } from '@eastguard/client'
import { invalidArgument } from '../options.ts'
import { parseIsoTime } from '../text/iso-time.ts'
import { parseDurationText } from '../text/units.ts'

/**
 * `end`, `-7d`, `2026-11-23T04:00:00Z`, or an offset.
 * @param now milliseconds since 1970, for ages
 * @throws EG_INVALID_ARGUMENT (fix-call)
 */
export function parseTrimPoint(text: string, now: number): TrimBefore {
  if (text === 'end') return 'end'
  if (/^\d{1,16}$/.test(text)) return { offset: Number(text) }
  const age = text.startsWith('-') ? parseDurationText(text.slice(1)) : undefined
  if (age !== undefined) return { time: Math.max(now - age, 0) }
  const time = parseIsoTime(text)
  if (time !== undefined) return { time }
  throw invalidArgument(`--before is ${JSON.stringify(text)}; it must be end, a time, an age like -7d, or an offset`)
}

export function isOffset(point: TrimBefore): boolean {
  return typeof point === 'object' && 'offset' in point
}
