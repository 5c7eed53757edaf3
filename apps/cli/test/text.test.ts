import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64, encodeBase64 } from '../src/text/base64.ts'
import { parseIsoTime, printIsoTime, printTableTime } from '../src/text/iso-time.ts'
import { printPairs, printTable } from '../src/text/table.ts'
import {
  parseDurationText,
  parseSizeText,
  printCount,
  printCounted,
  printDuration,
  printSize,
} from '../src/text/units.ts'
import { fakeHost } from './fake-host.ts'

describe('sizes and durations', () => {
  it.each([
    ['4096', 4096],
    ['64MiB', 64 * 2 ** 20],
    ['64 mib', 64 * 2 ** 20],
    ['1.5GB', 1.5e9],
    ['10b', 10],
    ['1TiB', 2 ** 40],
    ['', undefined],
    ['MiB', undefined],
    ['-1', undefined],
    ['1.0001', undefined],
    ['99999999999999999', undefined],
  ])('size %j is %j bytes', (text, bytes) => expect(parseSizeText(text)).toBe(bytes))

  it.each([
    ['250', 250],
    ['500ms', 500],
    ['1.5h', 5_400_000],
    ['7d', 7 * 86_400_000],
    ['2w', 14 * 86_400_000],
    ['7 days', undefined],
    ['-1h', undefined],
  ])('duration %j is %j ms', (text, ms) => expect(parseDurationText(text)).toBe(ms))

  it('are printed with three digits that matter', () => {
    expect([0, 1023, 1024, 1536, 5 * 2 ** 30, 123.4 * 2 ** 20].map(printSize)).toEqual([
      '0 B',
      '1023 B',
      '1 KiB',
      '1.5 KiB',
      '5 GiB',
      '123 MiB',
    ])
    expect([0, 999, 1_000, 90_000, 7 * 86_400_000].map(printDuration)).toEqual([
      '0 ms',
      '999 ms',
      '1 s',
      '1.5 m',
      '7 d',
    ])
    expect([0, 999, 1_000, 1_234_567].map(printCount)).toEqual(['0', '999', '1,000', '1,234,567'])
    expect([printCounted(1, 'record'), printCounted(0, 'record')]).toEqual(['1 record', '0 records'])
  })
})

const times = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31, 23, 59, 59, 999) })

describe('times', () => {
  it('print as the calendar of the runtime does', () => {
    fc.assert(
      fc.property(times, (ms) => {
        expect(printIsoTime(ms)).toBe(new Date(ms).toISOString())
      }),
    )
  })

  it('parse back from what they print', () => {
    fc.assert(
      fc.property(times, (ms) => {
        expect(parseIsoTime(printIsoTime(ms))).toBe(ms)
      }),
    )
  })

  it.each([
    '2026-11-23',
    '2024-02-29T12:30Z',
    '2026-11-23T04:05:06+05:30',
    '1999-12-31T23:59:59.5Z',
    '2026-11-23 04:05:06.78Z',
  ])('%s is what the runtime takes it for', (text) => expect(parseIsoTime(text)).toBe(Date.parse(text)))

  it.each([
    '2026-02-30',
    '2026-13-01',
    '2026-00-01',
    '2026-01-00',
    '2026-01-01T24:00Z',
    'yesterday',
    '1969-12-31',
    '12',
  ])('%s is none', (text) => expect(parseIsoTime(text)).toBeUndefined())

  it('are short in tables', () => expect(printTableTime(0)).toBe('1970-01-01 00:00:00Z'))
})

describe('base64', () => {
  it('is what the runtime makes of any bytes, and back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        const text = encodeBase64(bytes)
        expect(text).toBe(Buffer.from(bytes).toString('base64'))
        expect(decodeBase64(text)).toEqual(bytes)
      }),
    )
  })

  it.each(['a', 'ab', 'abc', 'a===', '====', 'ab c', 'äbcd'])('%j is none', (text) => {
    expect(decodeBase64(text)).toBeUndefined()
  })
})

const columns = [{ title: 'NAME' }, { title: 'COUNT', align: 'right' }] as const

describe('tables', () => {
  it('are separated by tabs where no terminal is, so that cut and awk take them', async () => {
    expect(await printTable(fakeHost([]), columns, [['a b', '1']], { color: false })).toBe('NAME\tCOUNT\na b\t1\n')
    expect(
      printPairs(fakeHost([]), [
        ['name', 'value'],
        ['n', 'v'],
      ]),
    ).toBe('name\tvalue\nn\tv\n')
  })

  it('are aligned on a terminal, without colours when those are off', async () => {
    const host = fakeHost([], { terminal: true })
    const table = await printTable(
      host,
      columns,
      [
        ['a', '1'],
        ['bcdef', '1,000'],
      ],
      { color: false },
    )
    expect(table).toBe('NAME   COUNT\na          1\nbcdef  1,000\n')
    expect(
      printPairs(host, [
        ['name', 'value'],
        ['n', 'v'],
      ]),
    ).toBe('name  value\nn     v\n')
  })

  it('never pass on what a terminal would obey', async () => {
    const evil = '\u001b[2Jx\ty\n'
    expect(await printTable(fakeHost([]), columns, [[evil, '1']], { color: false })).toBe('NAME\tCOUNT\n [2Jx y \t1\n')
  })
})
