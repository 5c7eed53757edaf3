import { readdirSync, readFileSync } from 'node:fs'
import { Packr } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import {
  decodeAppend,
  decodeCreateTopic,
  decodeError,
  decodeHello,
  decodeListTopics,
  decodeMoved,
  decodeRecords,
  decodeWelcome,
  encodeAppend,
  limitTable,
  scanControlBody,
} from '../src/index.ts'
import { samples } from './samples.ts'

const folder = new URL('../testdata/', import.meta.url)
const packr = new Packr({ useRecords: false, variableMapSize: true, int64AsType: 'number' })

/** Golden files: hex digits, white space is ignored. */
function golden(name: string): Uint8Array {
  return new Uint8Array(Buffer.from(readFileSync(new URL(`${name}.hex`, folder), 'utf8').replaceAll(/\s/g, ''), 'hex'))
}

function body(map: object): Uint8Array {
  return new Uint8Array(packr.pack(map))
}

/** Fields of a newer release in every map, first and last; `facts` and `store` have no fields of their own. */
function withUnknownFields(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => withUnknownFields(item))
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  if (name === 'facts' || name === 'store') return value
  const fields = Object.entries(value).map(([key, item]) => [key, withUnknownFields(item, key)] as const)
  const unknown = { list: [1, 'two', new Uint8Array(3), { three: null }], half: 0.5 }
  return Object.fromEntries([['aaNewer', unknown], ...fields, ['zzNewer', true], ['constructor', 1], ['toString', 2]])
}

describe('golden bytes', () => {
  it('exist for every message, and for nothing else', () => {
    const files = readdirSync(folder).map((file) => file.replace('.hex', ''))
    expect(files.toSorted()).toEqual(Object.keys(samples).toSorted())
  })

  it.each(Object.entries(samples))('%s encodes to its golden bytes and back', (name, sample) => {
    const bytes = golden(name)
    expect(Buffer.from(sample.encode()).toString('hex')).toBe(Buffer.from(bytes).toString('hex'))
    expect(sample.decode(bytes)).toEqual(sample.value)
    if (sample.body === 'map') expect(scanControlBody(bytes).itemCount).toBeGreaterThan(0)
  })
})

describe('fixed bodies', () => {
  const fixed = Object.entries(samples).filter(([, sample]) => sample.body === 'fixed')

  it.each(fixed)('%s: no length but its own is taken', (name, sample) => {
    const bytes = golden(name)
    const endsInBatches = name === 'append' || name === 'records'
    const refused = expect.objectContaining({ code: 'EG_MALFORMED' })
    const shortest = endsInBatches ? bytes.length - 80 : bytes.length - 1
    for (let length = 0; length <= shortest; length++) {
      expect(() => sample.decode(bytes.subarray(0, length))).toThrow(refused)
    }
    if (!endsInBatches) expect(() => sample.decode(Uint8Array.from([...bytes, 0]))).toThrow(refused)
  })

  it('a batch is a view of the message, and never copied on the way out', () => {
    const batch = new Uint8Array(100)
    expect(encodeAppend({ sequence: 1, batch })[1]).toBe(batch)
    const bytes = golden('append')
    expect(decodeAppend(bytes).batch.buffer).toBe(bytes.buffer)
    const records = golden('records')
    expect(decodeRecords(records).parts[0]?.buffer).toBe(records.buffer)
    expect(decodeRecords(records).segmentId.buffer).not.toBe(records.buffer)
  })
})

describe('forward compatibility', () => {
  // H65: one new field broke every old peer.
  it.each(Object.entries(samples).filter(([, sample]) => sample.body === 'map'))(
    '%s ignores the fields of a newer peer, at any depth',
    (name, sample) => {
      expect(sample.decode(body(withUnknownFields(packr.unpack(golden(name))) as object))).toEqual(sample.value)
    },
  )

  it('a missing field has its default', () => {
    expect(decodeHello(body({ versions: [1] }))).toEqual({ versions: [1], clientId: '', software: '', features: [] })
    const ids = { clusterId: 'a'.repeat(32), brokerId: 'b'.repeat(32) }
    const welcome = decodeWelcome(body({ version: 1, bootId: 1, ...ids, limits: { batchBytesMax: 2048 } }))
    expect(welcome.limits.batchBytesMax).toBe(2048)
    expect(welcome.limits.produceWindowBytes).toBe(limitTable.produceWindowBytes.default)
    expect(decodeWelcome(body({ version: 1, bootId: 1, ...ids })).limits.idleIntervalMs).toBe(1000)
    expect(decodeCreateTopic(body({ requestId: new Uint8Array(16), name: 'a' }))).toEqual({
      requestId: new Uint8Array(16),
      name: 'a',
      ranges: { kind: 'auto' },
      policy: {},
    })
    expect(decodeListTopics(body({}))).toEqual({ limit: 100 })
    expect(decodeMoved(body({}))).toEqual({ reason: 'leader', next: [] })
    expect(decodeError(body({ code: 'EG_TOPIC_NOT_FOUND' }))).toMatchObject({
      number: 0,
      remedy: 'fix-call',
      facts: {},
    })
  })

  it('a reason that a newer broker gives for moving means: ask who leads', () => {
    expect(decodeMoved(body({ reason: 'rebalanced', next: [] })).reason).toBe('leader')
  })

  it('a missing field without a default is named', () => {
    expect(() => decodeCreateTopic(body({ requestId: new Uint8Array(16) }))).toThrow(/CreateTopic\.name/)
    expect(() => decodeCreateTopic(body({ name: 'a', requestId: new Uint8Array(15) }))).toThrow(
      /CreateTopic\.requestId must be 16 bytes/,
    )
  })

  it('a Hello without a version is refused', () => {
    expect(() => decodeHello(body({}))).toThrow(/Hello\.versions/)
  })

  it('a field is never read from the prototype of the map', () => {
    expect(() => decodeCreateTopic(body({ requestId: new Uint8Array(16), name: 'a', policy: 3 }))).toThrow(/policy/)
    expect(decodeError(body({ code: 'constructor' }))).toMatchObject({ remedy: 'give-up' })
  })
})
