import { EastGuardError } from '@eastguard/kernel'
import { parseDurationText, parseSizeText } from './text/units.ts'

// Values of options. Each parser throws EG_INVALID_ARGUMENT (fix-call), which names the option and the value; bounds
// are the broker's to judge, since it owns them.

export function invalidArgument(message: string): EastGuardError {
  return new EastGuardError({ code: 'EG_INVALID_ARGUMENT', remedy: 'fix-call', message })
}

/** 1 or more. */
export function parseCountOption(flag: string): (text: string) => number {
  return (text) => {
    const value = wholeNumber(text)
    if (value === undefined || value < 1) throw wrong(flag, text, 'a whole number from 1 on')
    return value
  }
}

/** 0 or more. */
export function parseNonNegativeOption(flag: string): (text: string) => number {
  return (text) => {
    const value = wholeNumber(text)
    if (value === undefined) throw wrong(flag, text, 'a whole number from 0 on')
    return value
  }
}

/** @param none the word that says explicitly that there is no bound (H60) */
export function parseDurationOption(flag: string, none: 'none'): (text: string) => number | 'none' {
  return (text) => {
    if (text === none) return none
    const value = parseDurationText(text)
    if (value === undefined) throw wrong(flag, text, `a duration like 7d, 12h or 500ms, or ${none}`)
    return value
  }
}

export function parseSizeOption(flag: string, none?: 'none'): (text: string) => number | 'none' {
  return (text) => {
    if (text === none) return none
    const value = parseSizeText(text)
    if (value === undefined)
      throw wrong(flag, text, `a size like 64MiB or 4096${none === undefined ? '' : `, or ${none}`}`)
    return value
  }
}

export function parseRangesOption(text: string): number | 'auto' {
  if (text === 'auto') return 'auto'
  const value = wholeNumber(text)
  if (value === undefined || value < 1) throw wrong('--ranges', text, 'a whole number from 1 on, or auto')
  return value
}

/** Collects an option that may be given more than once. */
export function repeated(text: string, previous: unknown): readonly string[] {
  return [...((previous as readonly string[] | undefined) ?? []), text] // this function gave what came before
}

function wholeNumber(text: string): number | undefined {
  if (!/^\d{1,16}$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}

function wrong(flag: string, text: string, wanted: string): EastGuardError {
  return invalidArgument(`${flag} is ${JSON.stringify(text)}; it must be ${wanted}`)
}
