import { EastGuardError } from '@eastguard/kernel'
import { Packr } from 'msgpackr'
import { Fields } from './fields.ts'

// Plain arrays of scalars in MessagePack, no records, no extensions: equal values give equal bytes on every replica.

const packr = new Packr({ useRecords: false, moreTypes: false })

export type Packable = string | number | boolean | null | readonly Packable[]

/** @returns fresh bytes */
export function pack(value: Packable): Uint8Array {
  return new Uint8Array(packr.pack(value))
}

/** @throws EG_MALFORMED (fix-call) */
export function unpackFields(bytes: Uint8Array): Fields {
  let value: unknown
  try {
    value = packr.unpack(bytes)
  } catch (cause) {
    throw new EastGuardError({ code: 'EG_MALFORMED', remedy: 'fix-call', message: 'bytes are not MessagePack', cause })
  }
  return new Fields(value)
}
