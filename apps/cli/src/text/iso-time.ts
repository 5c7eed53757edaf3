// Milliseconds since 1970 as ISO 8601 in UTC, by arithmetic: the calendar needs no clock. Days are counted in eras of
// 400 years that start on the first of March, so that the leap day comes last (Hinnant, "chrono-compatible low-level
// date algorithms").

const dayMs = 86_400_000
/** Days from 0000-03-01 to 1970-01-01. */
const epochDays = 719_468

/** `2026-11-23T04:05:06.789Z`. @param ms integer, from year 0 to 9999 */
export function printIsoTime(ms: number): string {
  const days = Math.floor(ms / dayMs)
  const { year, month, day } = civilFromDays(days)
  const rest = ms - days * dayMs
  const hours = Math.floor(rest / 3_600_000)
  const minutes = Math.floor(rest / 60_000) % 60
  const seconds = Math.floor(rest / 1_000) % 60
  const date = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`
  return `${date}T${pad(hours, 2)}:${pad(minutes, 2)}:${pad(seconds, 2)}.${pad(rest % 1_000, 3)}Z`
}

/** To the second, for tables: `2026-11-23 04:05:06Z`. */
export function printTableTime(ms: number): string {
  return `${printIsoTime(ms).slice(0, 19).replace('T', ' ')}Z`
}

function civilFromDays(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const shifted = days + epochDays
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  }
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}

/** `2026-11-23`, `2026-11-23T04:05Z`, seconds and offsets from UTC included; undefined when it is none. */
export function parseIsoTime(text: string): number | undefined {
  const match =
    /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?(Z|[+-]\d{2}:\d{2}))?$/.exec(text)
  if (match === null) return undefined
  const [year, month, day, hours, minutes, seconds] = match.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ] // the pattern has them
  const days = daysFromCivil(year, month, day)
  if (days === undefined || hours > 23 || minutes > 59 || seconds > 59) return undefined
  const millis = Number((match[7] ?? '').padEnd(3, '0'))
  const time = days * dayMs + hours * 3_600_000 + minutes * 60_000 + seconds * 1_000 + millis - zoneMs(match[8])
  return time < 0 ? undefined : time
}

function daysFromCivil(year: number, month: number, day: number): number | undefined {
  if (month < 1 || month > 12 || day < 1) return undefined
  const marchYear = month <= 2 ? year - 1 : year
  const era = Math.floor(marchYear / 400)
  const yearOfEra = marchYear - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const days =
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - epochDays
  // A day that its month does not have would come back as one of the next month.
  return civilFromDays(days).day === day ? days : undefined
}

function zoneMs(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0
  const [hours, minutes] = zone.slice(1).split(':').map(Number) as [number, number] // the pattern has both
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000
}
