import { type ControlMap, decodeControlBody, encodeControlBody } from '../control-body.ts'
import type { Fields } from '../fields.ts'
import { type Limits, limitTable } from '../limits.ts'

// 0x0002 Welcome, broker → client, the answer to Hello, stream 0: map
//
//   version    u16                        the one that both speak from now on
//   clusterId  hex 32
//   brokerId   hex 32
//   bootId     u32
//   software   string ≤ 200               default empty
//   features   list of ≤ 64 strings ≤ 64  those of Hello that the broker has too; default empty
//   limits     map of the announced limits (limits.ts); a missing one has its default

export interface Welcome {
  readonly version: number
  readonly clusterId: string
  readonly brokerId: string
  readonly bootId: number
  readonly software: string
  readonly features: readonly string[]
  readonly limits: Limits
}

export function encodeWelcome(message: Welcome): Uint8Array {
  const { version, clusterId, brokerId, bootId, software, features, limits } = message
  return encodeControlBody({ version, clusterId, brokerId, bootId, software, features, limits: limitsToMap(limits) })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeWelcome(body: Uint8Array): Welcome {
  const fields = decodeControlBody(body, 'Welcome')
  return {
    version: fields.uint('version', { max: 0xffff }),
    clusterId: fields.hex('clusterId', 32),
    brokerId: fields.hex('brokerId', 32),
    bootId: fields.u32('bootId'),
    software: fields.optionalString('software', 200) ?? '',
    features: fields.strings('features', 64, 64),
    limits: readLimits(fields),
  }
}

function limitsToMap(limits: Limits): ControlMap {
  return { ...limits }
}

function readLimits(fields: Fields): Limits {
  const map = fields.has('limits') ? fields.map('limits') : undefined
  const read = (name: keyof Limits): number => {
    const { min, max } = limitTable[name]
    return map?.optionalUint(name, { min, max }) ?? limitTable[name].default
  }
  return {
    frameBytesMax: read('frameBytesMax'),
    batchBytesMax: read('batchBytesMax'),
    produceWindowBytes: read('produceWindowBytes'),
    produceWindowBatches: read('produceWindowBatches'),
    consumeWindowBytesMax: read('consumeWindowBytesMax'),
    helloTimeoutMs: read('helloTimeoutMs'),
    idleIntervalMs: read('idleIntervalMs'),
    callCountMax: read('callCountMax'),
    sessionCountMax: read('sessionCountMax'),
  }
}
