import type { CliHost } from '../cli-host.ts'

/** `left` for words, `right` for numbers. */
export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
}

/**
 * Rows for people: a drawn table on a terminal; elsewhere one line per row, fields separated by tabs, under one line of
 * titles. Ends with a line feed.
 */
export async function printTable(
  host: CliHost,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: { readonly color: boolean },
): Promise<string> {
  if (!host.stdout.isTerminal) {
    return [columns.map(({ title }) => title), ...rows].map((row) => `${row.map(plainField).join('\t')}\n`).join('')
  }
  const { default: Table } = await import('cli-table3')
  const { createColors } = (await import('picocolors')).default
  const { bold } = createColors(options.color)
  const table = new Table({
    head: columns.map(({ title }) => bold(title)),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 1 },
    chars: borderless,
  })
  for (const row of rows) table.push(row.map(plainField))
  return `${trimmedLines(table.toString())}\n`
}

/** Names and what they are, one pair a line: aligned on a terminal, separated by a tab elsewhere. */
export function printPairs(host: CliHost, pairs: readonly (readonly [name: string, value: string])[]): string {
  if (!host.stdout.isTerminal) return pairs.map(([name, value]) => `${name}\t${plainField(value)}\n`).join('')
  const width = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${plainField(value)}\n`).join('')
}

const borderless = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ' ',
}

/** A field never breaks its row and never carries what a terminal would obey. */
function plainField(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
}

function trimmedLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}
