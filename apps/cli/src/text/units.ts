// Sizes, times and counts, as people write and read them. Fixed forms: no locale.

const sizeUnits: readonly (readonly [unit: string, bytes: number])[] = [
  ['TiB', 2 ** 40],
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
]

const durationUnits: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
]

/** `4096`, `64MiB`, `1.5GB` → bytes; undefined when it is none. */
export function parseSizeText(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?)b|b)?$/i.exec(text.trim())
  if (match === null) return undefined
  const power = 'kmgt'.indexOf((match[2] ?? ' ').toLowerCase()) + 1
  const value = Number(match[1]) * (match[3] === '' ? 1_000 : 1_024) ** power
  return Number.isSafeInteger(value) ? value : undefined
}

/** `250`, `500ms`, `1.5h`, `7d`, `2w` → ms; undefined when it is none. */
export function parseDurationText(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)?$/i.exec(text.trim())
  if (match === null) return undefined
  const unit = (match[2] ?? 'ms').toLowerCase()
  const unitMs = unit === 'w' ? 604_800_000 : (durationUnits.find(([name]) => name === unit)?.[1] ?? 1)
  const value = Math.round(Number(match[1]) * unitMs)
  return Number.isSafeInteger(value) ? value : undefined
}

/** `1.5 MiB`: three digits that matter. */
export function printSize(bytes: number): string {
  for (const [unit, size] of sizeUnits) if (bytes >= size) return `${threeDigits(bytes / size)} ${unit}`
  return `${bytes} B`
}

/** `7 d`, `1.5 h`, `250 ms`. */
export function printDuration(ms: number): string {
  for (const [unit, size] of durationUnits) if (ms >= size) return `${threeDigits(ms / size)} ${unit}`
  return `${threeDigits(ms)} ms`
}

/** `1,234,567`. */
export function printCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ',')
}

/** Singular for 1: `1 record`, `2,000 records`. */
export function printCounted(count: number, noun: string): string {
  return `${printCount(count)} ${noun}${count === 1 ? '' : 's'}`
}

function threeDigits(value: number): string {
  const rounded = value >= 100 ? Math.round(value) : Number(value.toPrecision(3))
  return String(rounded)
}
