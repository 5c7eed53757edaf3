import { codedError } from '@eastguard/protocol'
import type { Record, RecordHeader } from '@eastguard/record'
import type { TextSlab } from './text-slab.ts'

/** What a producer sends. Text is written as UTF-8. */
export interface ProducerRecord {
  /** Records with the same key keep their order. An empty key is a key; null and missing are none. */
  readonly key?: string | Uint8Array | null | undefined
  readonly value?: string | Uint8Array | null | undefined
  readonly headers?: ProducerHeaders | undefined
  /** Integer ms since 1970; now unless said. */
  readonly timestamp?: number | undefined
}

export type ProducerHeaders = { readonly [name: string]: string | Uint8Array | null } | readonly RecordHeader[]

const noHeaders: readonly RecordHeader[] = []

/** @returns a record whose byte arrays are the caller's own where those were given */
export function recordOf(input: ProducerRecord, now: number, texts: TextSlab): Record {
  const { key, value, headers, timestamp } = input
  return {
    key: bytesOf(key, 'key', texts),
    value: bytesOf(value, 'value', texts),
    headers: headers === undefined ? noHeaders : headersOf(headers, texts),
    timestamp: timestamp ?? now,
  }
}

/** What each record takes of the buffer beside its bytes: its promise, its place in lists. Measured on Node 20, rounded. */
const recordOverheadBytes = 200

/** What a record takes of the producer's buffer: the same for every copy of it. */
export function reservedBytes(record: Record): number {
  const { key, value, headers } = record
  let bytes = recordOverheadBytes + (key === null ? 0 : key.length) + (value === null ? 0 : value.length)
  for (const header of headers) bytes += 3 * header.name.length + (header.value === null ? 0 : header.value.length)
  return bytes
}

function bytesOf(value: unknown, what: string, texts: TextSlab): Uint8Array | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return texts.encode(value)
  if (value instanceof Uint8Array) return value
  throw codedError('EG_INVALID_ARGUMENT', `a record's ${what} is ${typeof value}; it must be text, bytes or null`)
}

function headersOf(headers: ProducerHeaders, texts: TextSlab): readonly RecordHeader[] {
  const list = isList(headers) ? headers : Object.entries(headers).map(([name, value]) => ({ name, value }))
  return list.map(({ name, value }) => ({ name, value: bytesOf(value, `header ${name}`, texts) }))
}

function isList(headers: ProducerHeaders): headers is readonly RecordHeader[] {
  return Array.isArray(headers)
}
