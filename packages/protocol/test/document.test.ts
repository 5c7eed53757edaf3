import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  errorCodes,
  errorTable,
  frameToClientBytesMax,
  helloBytesMax,
  kindKeys,
  kindRow,
  limitNames,
  limitTable,
  messageFrameCountMax,
  requestBytesMax,
} from '../src/index.ts'

const text = readFileSync(new URL('../PROTOCOL.md', import.meta.url), 'utf8')

/** Rows of the table below `heading`, cells trimmed, without its head. */
function tableBelow(heading: string): readonly (readonly string[])[] {
  const section = text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  const lines = section.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  )
}

describe('PROTOCOL.md', () => {
  it('lists every kind as the table has it, and no other', () => {
    const arrows = { toBroker: '→', toClient: '←', both: '↔' }
    const rows = kindKeys
      .map(kindRow)
      .map((row) => [
        `0x${row.number.toString(16).toUpperCase().padStart(4, '0')}`,
        row.name,
        row.class === 'reserved' ? '' : arrows[row.direction],
        row.port,
        row.class,
        row.body,
        row.effect ? 'effect' : '',
      ])
    expect(tableBelow('Kinds')).toEqual(rows)
  })

  it('lists every error as the table has it, and no other', () => {
    const rows = errorCodes.map((code) => {
      const { number, remedy, meaning } = errorTable[code]
      return [String(number), code, remedy, meaning]
    })
    expect(tableBelow('Errors')).toEqual(rows)
  })

  it('lists every limit with its default and bounds', () => {
    const rows = tableBelow('Limits').map((cells) => cells.slice(0, 4))
    const shown = (value: number): string => value.toLocaleString('en-US')
    expect(rows).toEqual(
      limitNames.map((name) => {
        const { default: value, min, max } = limitTable[name]
        return [name, shown(value), shown(min), shown(max)]
      }),
    )
  })

  it('says the bounds that are not announced', () => {
    const transport = text.split('\n## Transport\n')[1]?.split('\n## ')[0]
    for (const bound of [helloBytesMax, frameToClientBytesMax, requestBytesMax, messageFrameCountMax])
      expect(transport).toContain(bound.toLocaleString('en-US'))
  })

  it('has the fields of every message', () => {
    const messages = kindKeys.map(kindRow).filter((row) => row.class !== 'reserved')
    for (const { name } of messages)
      expect(text).toMatch(new RegExp(`^(- \\*\\*${name}\\*\\*: |\\| ${name} +\\| 0 )`, 'm'))
  })
})
