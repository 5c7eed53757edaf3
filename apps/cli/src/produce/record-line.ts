import { decodeUtf8, EastGuardError, encodeUtf8, isEastGuardError } from '@eastguard/kernel'
import { decodeBase64 } from '../text/base64.ts'

/** A record as a producer takes it. Bytes are views of the line. */
export interface LineRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly LineHeader[]
  readonly timestamp?: number
}

export interface LineHeader {
  readonly name: string
  readonly value: Uint8Array | null
}

/** What the command line says about every record. */
export interface LineDefaults {
  readonly key: Uint8Array | null
  readonly headers: readonly LineHeader[]
}

export type LineFormat =
  | { readonly kind: 'lines' }
  | { readonly kind: 'kv'; readonly separator: Uint8Array }
  | { readonly kind: 'ndjson' }

/**
 * One line into one record.
 * @param line retained
 * @throws EG_INVALID_ARGUMENT (fix-call) naming the line's number and what is wrong with it
 */
export function parseRecordLine(
  line: Uint8Array,
  number: number,
  format: LineFormat,
  defaults: LineDefaults,
): LineRecord {
  switch (format.kind) {
    case 'lines':
      return { key: defaults.key, value: line, headers: defaults.headers }
    case 'kv':
      return parseKeyValue(line, number, format.separator, defaults)
    case 'ndjson':
      return parseJsonLine(line, number, defaults)
  }
}

function parseKeyValue(line: Uint8Array, number: number, separator: Uint8Array, defaults: LineDefaults): LineRecord {
  const at = indexOfBytes(line, separator)
  if (at === -1) throw wrongLine(number, 'has no separator between key and value')
  return { key: line.subarray(0, at), value: line.subarray(at + separator.length), headers: defaults.headers }
}

/** Fields that `consume --json` prints and that a new record gets anew. */
const ignoredFields = new Set(['topic', 'range', 'offset'])
const fields = new Set(['key', 'keyEncoding', 'value', 'valueEncoding', 'headers', 'timestamp'])

function parseJsonLine(line: Uint8Array, number: number, defaults: LineDefaults): LineRecord {
  const json = parseJson(line, number)
  if (!isPlainObject(json)) throw wrongLine(number, 'is no JSON object')
  for (const name of Object.keys(json)) {
    if (!fields.has(name) && !ignoredFields.has(name))
      throw wrongLine(number, `has an unknown field ${JSON.stringify(name)}`)
  }
  if (!Object.hasOwn(json, 'value')) throw wrongLine(number, 'has no field "value"')
  const { timestamp } = json
  if (timestamp !== undefined && (!Number.isSafeInteger(timestamp) || (timestamp as number) < 0)) {
    throw wrongLine(number, 'has a timestamp that is no whole number of milliseconds')
  }
  return {
    key: json['key'] === undefined ? defaults.key : contentOf(json, 'key', number),
    value: contentOf(json, 'value', number),
    headers: [...defaults.headers, ...headersOf(json['headers'], number)],
    ...(timestamp === undefined ? {} : { timestamp: timestamp as number }), // checked above
  }
}

function parseJson(line: Uint8Array, number: number): unknown {
  try {
    return JSON.parse(decodeUtf8(line))
  } catch (error) {
    if (!isEastGuardError(error) && !(error instanceof SyntaxError)) throw error
    throw wrongLine(number, `is no JSON: ${error.message}`)
  }
}

/** Text as UTF-8, null as null; anything else is stored as its own JSON text. */
function contentOf(
  json: { readonly [name: string]: unknown },
  name: 'key' | 'value',
  number: number,
): Uint8Array | null {
  const content = json[name]
  const encoding = json[`${name}Encoding`]
  if (encoding === undefined) {
    if (content === null) return null
    return encodeUtf8(typeof content === 'string' ? content : JSON.stringify(content))
  }
  const bytes = encoding === 'base64' && typeof content === 'string' ? decodeBase64(content) : undefined
  if (bytes === undefined) throw wrongLine(number, `has a ${name} that is not what ${name}Encoding says`)
  return bytes
}

function headersOf(headers: unknown, number: number): readonly LineHeader[] {
  if (headers === undefined) return []
  if (!isPlainObject(headers)) throw wrongLine(number, 'has headers that are no object')
  return Object.entries(headers).flatMap(([name, given]) =>
    (Array.isArray(given) ? (given as unknown[]) : [given]).map((value) => ({
      name,
      value: headerValueOf(value, name, number),
    })),
  )
}

function headerValueOf(value: unknown, name: string, number: number): Uint8Array | null {
  if (value === null) return null
  if (typeof value === 'string') return encodeUtf8(value)
  const base64 = isPlainObject(value) ? value['base64'] : undefined
  const bytes = typeof base64 === 'string' ? decodeBase64(base64) : undefined
  if (bytes === undefined)
    throw wrongLine(number, `has a header ${JSON.stringify(name)} that is no text, null or { base64 }`)
  return bytes
}

function isPlainObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function indexOfBytes(bytes: Uint8Array, wanted: Uint8Array): number {
  const first = wanted[0] as number // a separator is never empty
  for (let at = bytes.indexOf(first); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return at
  }
  return -1
}

function wrongLine(number: number, what: string): EastGuardError {
  return new EastGuardError({
    code: 'EG_INVALID_ARGUMENT',
    remedy: 'fix-call',
    message: `line ${number} ${what}`,
    facts: { line: number },
  })
}
