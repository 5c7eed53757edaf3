import { decodeUtf8, encodeUtf8 } from '@eastguard/kernel'
import { Packr } from 'msgpackr'
import { scanControlBody } from './control-scan.ts'
import { codedError } from './error-table.ts'
import { Fields } from './fields.ts'

// Bodies of control messages: one msgpack map with string keys. Field values are nil, booleans, numbers, strings, byte
// strings, lists and maps of them, and nothing else.

/** What a message encodes: fields whose value is undefined are left out. */
export type ControlMap = { readonly [name: string]: ControlValue }
export type ControlValue =
  | null
  | undefined
  | boolean
  | number
  | string
  | Uint8Array
  | readonly ControlValue[]
  | ControlMap

// Standard msgpack only: no records, maps as plain objects; 64-bit integers, whose bounds the scan has checked, as
// numbers. `variableMapSize` writes the shortest headers.
const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true, int64AsType: 'number' })

/** @returns fresh bytes */
export function encodeControlBody(map: ControlMap): Uint8Array {
  // A copy, because the packer hands out views of a pool.
  return new Uint8Array(packr.pack(writable(map)))
}

/**
 * Scans, then decodes.
 * @param body borrowed; nothing of the answer points into it
 * @param what name of the message, for errors
 * @throws EG_MALFORMED (fix-call)
 */
export function decodeControlBody(body: Uint8Array, what: string): Fields {
  scanControlBody(body)
  let decoded: unknown
  try {
    decoded = packr.unpack(body)
  } catch (cause) {
    throw codedError('EG_MALFORMED', `${what}: the map cannot be decoded`, undefined, cause)
  }
  return Fields.of(decoded, what)
}

/** Without undefined (which the packer would write as an extension) and without broken strings (not UTF-8 on the wire). */
function writable(value: ControlValue): unknown {
  if (typeof value === 'string') return surrogate.test(value) ? decodeUtf8(encodeUtf8(value)) : value
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  if (isList(value)) return value.map(writable)
  const fields: [string, unknown][] = []
  for (const [name, field] of Object.entries(value)) {
    if (field !== undefined) fields.push([name, writable(field)])
  }
  return Object.fromEntries(fields)
}

const surrogate = /[\ud800-\udfff]/

function isList(value: ControlValue): value is readonly ControlValue[] {
  return Array.isArray(value)
}
