import { decodeUtf8, isEastGuardError } from '@eastguard/kernel'
import type { HeaderValueJson, RecordJson } from '../json-schema.ts'
import { encodeBase64 } from '../text/base64.ts'
import type { ConsumedHeader, ConsumedRecord } from './consumed-record.ts'

/** Text as it is; bytes that are no UTF-8 as base64, and a field beside them that says so. */
export function recordJson(record: ConsumedRecord): RecordJson {
  const key = contentJson(record.key)
  const value = contentJson(record.value)
  return {
    topic: record.topic,
    range: record.range,
    offset: record.offset,
    key: key.text,
    ...(key.base64 ? { keyEncoding: 'base64' } : {}),
    value: value.text,
    ...(value.base64 ? { valueEncoding: 'base64' } : {}),
    headers: headersJson(record.headers),
    timestamp: record.timestamp,
  }
}

export function headersJson(headers: readonly ConsumedHeader[]): RecordJson['headers'] {
  const byName = new Map<string, HeaderValueJson[]>()
  for (const { name, value } of headers) {
    const values = byName.get(name)
    if (values === undefined) byName.set(name, [headerValueJson(value)])
    else values.push(headerValueJson(value))
  }
  // `fromEntries` defines fields: a header named `__proto__` is one like any other.
  return Object.fromEntries(
    Array.from(byName, ([name, values]) => [name, values.length === 1 ? (values[0] as HeaderValueJson) : values]),
  )
}

function headerValueJson(value: Uint8Array | null): HeaderValueJson {
  const { text, base64 } = contentJson(value)
  return base64 && text !== null ? { base64: text } : text
}

function contentJson(bytes: Uint8Array | null): { readonly text: string | null; readonly base64: boolean } {
  if (bytes === null) return { text: null, base64: false }
  try {
    return { text: decodeUtf8(bytes), base64: false }
  } catch (error) {
    if (!isEastGuardError(error, 'EG_MALFORMED')) throw error
    return { text: encodeBase64(bytes), base64: true }
  }
}
