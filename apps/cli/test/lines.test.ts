import { decodeUtf8, encodeUtf8 } from '@eastguard/kernel'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseFrom, parseUntil } from '../src/consume/place.ts'
import { recordJson } from '../src/consume/record-json.ts'
import { parseRecordTemplate } from '../src/consume/record-template.ts'
import { receiptSchema, recordSchema } from '../src/json-schema.ts'
import { LineSplitter, lineBytesMax } from '../src/produce/line-splitter.ts'
import { receiptLines } from '../src/produce/receipt-line.ts'
import { type LineFormat, parseRecordLine } from '../src/produce/record-line.ts'
import { joined } from '../src/text/joined-bytes.ts'

const none = { key: null, headers: [] }

function split(chunks: readonly Uint8Array[]): string[] {
  const splitter = new LineSplitter()
  const lines: Uint8Array[] = []
  for (const chunk of chunks) lines.push(...splitter.push(chunk))
  const last = splitter.end()
  return [...lines, ...(last === undefined ? [] : [last])].map(decodeUtf8)
}

describe('lines', () => {
  it('are the same however the bytes are cut', () => {
    const bytes = fc.stringMatching(/^[ab\n\r]{0,40}$/)
    const cuts = fc.array(fc.nat({ max: 40 }), { maxLength: 6 })
    fc.assert(
      fc.property(bytes, cuts, (text, places) => {
        const at = [0, ...places.filter((place) => place < text.length).toSorted((a, b) => a - b), text.length]
        const chunks = at.slice(1).map((to, index) => encodeUtf8(text.slice(at[index], to)))
        const lines = text.split('\n')
        expect(split(chunks)).toEqual(lines.at(-1) === '' ? lines.slice(0, -1) : lines)
      }),
    )
  })

  it('longer than any batch are refused with their number, before they are held', () => {
    const splitter = new LineSplitter()
    expect([...splitter.push(encodeUtf8('short\n'))]).toHaveLength(1)
    const long = new Uint8Array(lineBytesMax / 4).fill(97)
    const push = (): number => [...splitter.push(long)].length
    expect([push(), push(), push(), push()]).toEqual([0, 0, 0, 0])
    expect(push).toThrow(/^line 2 is longer than 16777216 bytes$/)
  })
})

const parse = (line: string, format: LineFormat, defaults: Parameters<typeof parseRecordLine>[3] = none): unknown => {
  const { key, value, headers, ...rest } = parseRecordLine(encodeUtf8(line), 7, format, defaults)
  const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : decodeUtf8(bytes))
  return {
    key: text(key),
    value: text(value),
    headers: headers.map((header) => [header.name, text(header.value)]),
    ...rest,
  }
}

describe('records of lines', () => {
  it('are the line, with the key and the headers of the command', () => {
    const defaults = { key: encodeUtf8('k'), headers: [{ name: 'h', value: encodeUtf8('1') }] }
    expect(parse(' a\r', { kind: 'lines' }, defaults)).toEqual({ key: 'k', value: ' a\r', headers: [['h', '1']] })
  })

  it('are cut at the first separator', () => {
    const format: LineFormat = { kind: 'kv', separator: encodeUtf8('::') }
    expect(parse('a:b::c::d', format)).toMatchObject({ key: 'a:b', value: 'c::d' })
    expect(parse('::', format)).toMatchObject({ key: '', value: '' })
    expect(() => parse('a:b', format)).toThrow('line 7 has no separator between key and value')
  })

  it('are JSON objects as consume prints them', () => {
    const ndjson: LineFormat = { kind: 'ndjson' }
    expect(
      parse('{"key":"k","value":"v","headers":{"a":"1","b":["2",null]},"timestamp":5,"offset":9}', ndjson),
    ).toEqual({
      key: 'k',
      value: 'v',
      headers: [
        ['a', '1'],
        ['b', '2'],
        ['b', null],
      ],
      timestamp: 5,
    })
    expect(parse('{"value":{"a":[1]}}', ndjson)).toMatchObject({ key: null, value: '{"a":[1]}' })
    expect(parse('{"key":null,"value":null}', ndjson, { key: encodeUtf8('k'), headers: [] })).toMatchObject({
      key: null,
      value: null,
    })
    expect(parse('{"value":"AAE=","valueEncoding":"base64"}', ndjson)).toMatchObject({ value: '\0\u0001' })
  })

  it.each([
    ['nonsense', /^line 7 is no JSON: /],
    ['[1]', 'line 7 is no JSON object'],
    ['{"key":"k"}', 'line 7 has no field "value"'],
    ['{"value":"v","vaule":1}', 'line 7 has an unknown field "vaule"'],
    ['{"value":"v","timestamp":1.5}', 'line 7 has a timestamp that is no whole number of milliseconds'],
    ['{"value":"v","headers":[]}', 'line 7 has headers that are no object'],
    ['{"value":"v","headers":{"a":1}}', 'line 7 has a header "a" that is no text, null or { base64 }'],
    ['{"value":"?","valueEncoding":"base64"}', 'line 7 has a value that is not what valueEncoding says'],
  ])('that are wrong are refused with the line: %s', (line, message) => {
    expect(() => parse(line, { kind: 'ndjson' })).toThrow(message)
  })

  it('survive consume and produce, whatever their bytes are', () => {
    const content = fc.option(fc.oneof(fc.uint8Array({ maxLength: 8 }), fc.string().map(encodeUtf8)))
    // Names that are whole numbers come first in an object: their order among others is not kept.
    const name = fc.oneof(fc.constant('__proto__'), fc.stringMatching(/^[a-z]{1,3}$/))
    const headers = fc
      .uniqueArray(name, { maxLength: 3 })
      .chain((names) => fc.tuple(...names.map((each) => content.map((value) => ({ name: each, value })))))
    fc.assert(
      fc.property(content, content, headers, fc.nat(), (key, value, list, timestamp) => {
        const record = { topic: 't', range: 0, offset: 1, position: '', key, value, headers: list, timestamp }
        const json = JSON.stringify(recordJson(record))
        expect(recordSchema.safeParse(JSON.parse(json)).success).toBe(true)
        const back = parseRecordLine(encodeUtf8(json), 1, { kind: 'ndjson' }, none)
        expect(back).toEqual({ key, value, headers: list, timestamp })
      }),
    )
  })

  it('keep every value of a header that comes more than once', () => {
    const headers = ['1', '2'].map((value) => ({ name: 'a', value: encodeUtf8(value) }))
    const record = { topic: 't', range: 0, offset: 1, position: '', key: null, value: null, headers, timestamp: 0 }
    expect(recordJson(record).headers).toEqual({ a: ['1', '2'] })
  })
})

describe('receipts', () => {
  it('print as the schema says, and with their line only behind a gap', () => {
    const print = receiptLines('a"b')
    const receipt = { topic: 'a"b', range: 1, offset: 2, time: 3, replicas: 1 }
    expect(receiptSchema.parse(JSON.parse(print(receipt, undefined)))).toEqual(receipt)
    expect(receiptSchema.parse(JSON.parse(print(receipt, 9)))).toEqual({ ...receipt, line: 9 })
    expect(print(receipt, undefined).endsWith('}\n')).toBe(true)
  })
})

describe('formats of consume', () => {
  const record = {
    topic: 't',
    range: 1,
    offset: 2,
    position: 'p',
    key: encodeUtf8('k'),
    value: null,
    headers: [{ name: 'h', value: null }],
    timestamp: 0,
  }
  const print = (template: string): string => decodeUtf8(joined(parseRecordTemplate(template)(record)))

  it('have every field, and escapes', () => {
    expect(print('%t/%r/%o %k=%v. %h %T %p%%\\t\\n')).toBe('t/1/2 k=. {"h":null} 1970-01-01T00:00:00.000Z p%\t\n')
    expect(print('')).toBe('')
  })

  it.each(['%x', '%', '\\q', 'a\\'])('refuse what they do not know: %s', (template) => {
    expect(() => print(template)).toThrow(/^--format has /)
  })
})

describe('places of consume', () => {
  it.each([
    ['start', 'start'],
    ['end', 'end'],
    ['-1h', '-3600000ms'],
    ['42', { offset: 42 }],
    ['1970-01-01T00:00:01Z', 1_000],
    ['0123456789abcdef:0-5', '0123456789abcdef:0-5'],
  ])('from %s', (text, from) => expect(parseFrom(text)).toEqual(from))

  it.each(['', 'begin', '-', '-5 parsecs', '1h'])('refuse %j', (text) => {
    expect(() => parseFrom(text)).toThrow(/^--from is /)
    expect(() => parseUntil(text)).toThrow(/^--until is /)
  })

  it('end at no position, since that names a record and not an end', () => {
    expect(parseUntil('now')).toBe('now')
    expect(() => parseUntil('0123456789abcdef:0-5')).toThrow(/^--until is /)
  })
})
