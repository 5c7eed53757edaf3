import { codedError } from '@eastguard/protocol'

/** Milliseconds, or a number with a unit: `500ms`, `30s`, `15m`, `12h`, `7d`, `2w`. */
export type Duration = number | string

const unitMs: { readonly [unit: string]: number } = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/**
 * @param what names the setting in the error
 * @returns whole milliseconds, from 0
 * @throws EG_INVALID_ARGUMENT (fix-call)
 */
export function parseDuration(value: Duration, what: string): number {
  const ms = typeof value === 'number' ? value : parseText(value)
  if (ms === undefined || !Number.isSafeInteger(ms) || ms < 0) {
    throw codedError(
      'EG_INVALID_ARGUMENT',
      `${what} is ${JSON.stringify(value)}; a duration is whole milliseconds, or like 500ms, 30s, 15m, 12h, 7d, 2w`,
      { what, value },
    )
  }
  return ms
}

function parseText(text: string): number | undefined {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)(ms|[smhdw])$/.exec(text.trim())
  if (match === null) return undefined
  return Math.round(Number(match[1]) * (unitMs[match[2] as string] as number)) // both groups take part in every match
}
