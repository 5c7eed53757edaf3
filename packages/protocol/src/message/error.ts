import { EastGuardError, type Facts, isEastGuardError, type Remedy } from '@eastguard/kernel'
import { type ControlMap, decodeControlBody, encodeControlBody } from '../control-body.ts'
import { errorRow, errorTable } from '../error-table.ts'
import type { Fields } from '../fields.ts'

// 0x0003 Error, and the body of every frame with flag bit 1: map
//
//   number   u16                  of the error table; 0: none
//   code     string ≤ 64          `EG_…`
//   remedy   retry | refresh-route | fix-call | give-up
//   message  string ≤ 2,048       for people, never parsed; default empty
//   facts    map of scalars ≤ 32  default empty
//
// A code that this side does not know stays usable: code and remedy are taken from the map.

export interface ErrorBody {
  readonly number: number
  readonly code: string
  readonly remedy: Remedy
  readonly message: string
  readonly facts?: Facts | undefined
}

const codeLengthMax = 64
const messageLengthMax = 2048
const factCountMax = 32
const factLengthMax = 256
const remedies = ['retry', 'refresh-route', 'fix-call', 'give-up'] as const

export function encodeError(body: ErrorBody): Uint8Array {
  return encodeControlBody(errorToMap(body))
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeError(body: Uint8Array): ErrorBody {
  return readErrorBody(decodeControlBody(body, 'Error'))
}

export function errorToMap(body: ErrorBody): ControlMap {
  const { number, code, remedy, message, facts } = body
  return { number, code, remedy, message, facts: facts === undefined || isEmpty(facts) ? undefined : { ...facts } }
}

export function readErrorBody(fields: Fields): ErrorBody {
  const code = fields.string('code', codeLengthMax)
  return {
    number: fields.optionalUint('number', { max: 0xffff }) ?? 0,
    code,
    remedy: fields.has('remedy') ? fields.oneOf('remedy', remedies) : (errorRow(code)?.remedy ?? 'give-up'),
    message: fields.optionalString('message', messageLengthMax) ?? '',
    facts: fields.facts('facts', factCountMax),
  }
}

/**
 * What travels of an error: never its cause or its stack. What is no EastGuardError is a bug here and says only
 * EG_INTERNAL. Texts are cut to the bounds of the grammar.
 */
export function toErrorBody(error: unknown): ErrorBody {
  if (!isEastGuardError(error)) {
    return {
      number: errorTable.EG_INTERNAL.number,
      code: 'EG_INTERNAL',
      remedy: 'give-up',
      message: 'internal error',
      facts: {},
    }
  }
  return {
    number: errorRow(error.code)?.number ?? 0,
    code: error.code.slice(0, codeLengthMax),
    remedy: error.remedy,
    message: error.message.slice(0, messageLengthMax),
    facts: cutFacts(error.facts),
  }
}

export function fromErrorBody(body: ErrorBody): EastGuardError {
  return new EastGuardError({
    code: body.code,
    remedy: body.remedy,
    message: body.message === '' ? body.code : body.message,
    facts: body.facts ?? {},
  })
}

function cutFacts(facts: Facts): Facts {
  const cut: [string, string | number | boolean | null][] = []
  for (const [name, value] of Object.entries(facts)) {
    if (cut.length === factCountMax) break
    if (value === undefined || name === '__proto__' || name.length > codeLengthMax) continue
    cut.push([name, typeof value === 'string' ? value.slice(0, factLengthMax) : value])
  }
  return Object.fromEntries(cut)
}

function isEmpty(facts: Facts): boolean {
  return Object.keys(facts).length === 0
}
