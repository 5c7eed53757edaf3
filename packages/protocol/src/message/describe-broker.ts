import { type ControlMap, decodeControlBody, encodeControlBody } from '../control-body.ts'
import type { Fields } from '../fields.ts'

// 0x0109 DescribeBroker: map without fields
//
// answer: map
//
//   brokerId     hex 32
//   bootId       u32
//   clusterId    hex 32
//   software     string ≤ 200
//   startedAt    u64, ms since 1970
//   uptimeMs     u64
//   dataDir      string ≤ 4,096
//   addresses    list of ≤ 16 maps: name string ≤ 32 (`client`, `peer`), host string ≤ 255, port u16
//   disk         map: usedBytes u64, availableBytes u64, state ok | warn | noPlacement | refuse
//   store        map of ≤ 64 counts: name → number
//   topics       u64
//   connections  u64
//   healthy      boolean
//   problems     list of ≤ 64 strings ≤ 2,048; default empty

export type DescribeBroker = { readonly [name: string]: never }

export interface BrokerAddress {
  readonly name: string
  readonly host: string
  readonly port: number
}

export interface BrokerDisk {
  readonly usedBytes: number
  readonly availableBytes: number
  readonly state: 'ok' | 'warn' | 'noPlacement' | 'refuse'
}

export interface DescribeBrokerAnswer {
  readonly brokerId: string
  readonly bootId: number
  readonly clusterId: string
  readonly software: string
  readonly startedAt: number
  readonly uptimeMs: number
  readonly dataDir: string
  readonly addresses: readonly BrokerAddress[]
  readonly disk: BrokerDisk
  /** Counts of the segment store by name, whatever it has. */
  readonly store: { readonly [name: string]: number }
  readonly topics: number
  readonly connections: number
  readonly healthy: boolean
  readonly problems: readonly string[]
}

export function encodeDescribeBroker(_message: DescribeBroker): Uint8Array {
  return encodeControlBody({})
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeDescribeBroker(body: Uint8Array): DescribeBroker {
  decodeControlBody(body, 'DescribeBroker')
  return {}
}

export function encodeDescribeBrokerAnswer(message: DescribeBrokerAnswer): Uint8Array {
  return encodeControlBody({
    ...message,
    uptimeMs: Math.floor(message.uptimeMs),
    addresses: message.addresses.map(addressToMap),
    disk: { ...message.disk },
    store: { ...message.store },
    problems: message.problems.slice(0, 64).map((problem) => problem.slice(0, 2048)),
  })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeDescribeBrokerAnswer(body: Uint8Array): DescribeBrokerAnswer {
  const fields = decodeControlBody(body, 'DescribeBroker answer')
  return {
    brokerId: fields.hex('brokerId', 32),
    bootId: fields.u32('bootId'),
    clusterId: fields.hex('clusterId', 32),
    software: fields.string('software', 200),
    startedAt: fields.uint('startedAt'),
    uptimeMs: fields.uint('uptimeMs'),
    dataDir: fields.string('dataDir', 4096),
    addresses: fields.maps('addresses', 16, readAddress),
    disk: readDisk(fields.map('disk')),
    store: readCounts(fields),
    topics: fields.uint('topics'),
    connections: fields.uint('connections'),
    healthy: fields.boolean('healthy'),
    problems: fields.strings('problems', 64, 2048),
  }
}

function addressToMap(address: BrokerAddress): ControlMap {
  return { name: address.name, host: address.host, port: address.port }
}

function readAddress(fields: Fields): BrokerAddress {
  return {
    name: fields.string('name', 32),
    host: fields.string('host', 255),
    port: fields.uint('port', { max: 0xffff }),
  }
}

function readDisk(fields: Fields): BrokerDisk {
  return {
    usedBytes: fields.uint('usedBytes'),
    availableBytes: fields.uint('availableBytes'),
    state: fields.oneOf('state', ['ok', 'warn', 'noPlacement', 'refuse']),
  }
}

function readCounts(fields: Fields): { readonly [name: string]: number } {
  const counts: [string, number][] = []
  for (const [name, value] of Object.entries(fields.facts('store', 64))) {
    if (typeof value === 'number') counts.push([name, value])
  }
  return Object.fromEntries(counts)
}
