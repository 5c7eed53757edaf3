import { ByteReader, ByteWriter, EastGuardError, isEastGuardError, type StorageWrite } from '@eastguard/kernel'
import { formatTopicId, parseRequestId, parseVNodeId, type TopicId, topicBirth, topicCounter } from '../ids.ts'
import type { Fields } from './fields.ts'
import { type Packable, pack, unpackFields } from './packing.ts'
import type { RangeRow, RequestRow, RowWrite, SegmentRow, TopicRow, VNodeRow } from './rows.ts'
import { packPolicy, packRanges, packReplica, readPolicy, readRanges, readReplica } from './shared-fields.ts'

// Key: table, then the row's ids, big-endian: byte order is the order of numbers, and a row's parent comes before it.
// Value: [format, fields …] as plain MessagePack. Fields that the key holds are not repeated.
//
//   1                              the vNode
//   2 topic:8                      topic
//   3 topic:8 range:4              range
//   4 topic:8 range:4 segment:4    segment
//   5 sequence:8                   request

const table = { vnode: 1, topic: 2, range: 3, segment: 4, request: 5 } as const
const format = 1

/** All keys of a vNode's rows lie in [0, rowKeyEnd). */
export const rowKeyEnd: Uint8Array = new Uint8Array([table.request + 1])

export type PutRow = Extract<RowWrite, { kind: keyof typeof table }>

/**
 * What a change of the rows is to the storage.
 * @param prefix put before every key; copied
 */
export function encodeWrite(write: RowWrite, prefix: Uint8Array): StorageWrite[] {
  const keys = new RowKeys(prefix)
  switch (write.kind) {
    case 'vnode':
    case 'topic':
    case 'range':
    case 'segment':
    case 'request':
      return [{ kind: 'put', key: keys.of(write), value: encodeValue(write) }]
    case 'topicGone':
      return [
        { kind: 'remove', key: keys.topic(write.topic) },
        keys.under(table.range, write.topic),
        keys.under(table.segment, write.topic),
      ]
    case 'segmentsGone':
      return [
        {
          kind: 'removeRange',
          from: keys.segment(write.topic, write.range, write.from),
          to: keys.segment(write.topic, write.range, write.below),
        },
      ]
    case 'segmentReplaced':
      return [
        { kind: 'remove', key: keys.segment(write.row.topic, write.row.range, write.replaced) },
        ...encodeWrite({ kind: 'segment', row: write.row }, prefix),
      ]
    case 'requestGone':
      return [{ kind: 'remove', key: keys.request(write.row.sequence) }]
  }
}

/**
 * @param key without the prefix
 * @throws EG_STORAGE_DAMAGED (give-up): the bytes are whole, by their checksum, but are no row that this release knows
 */
export function decodeRow(key: Uint8Array, value: Uint8Array): PutRow {
  try {
    const reader = new ByteReader(key)
    const keyTable = reader.u8()
    const ids = new KeyIds(reader)
    const fields = unpackFields(value)
    if (fields.count() !== format) throw damaged('a format that this release does not know', key)
    const row = readRow(keyTable, ids, fields)
    if (row === undefined) throw damaged('a table that this release does not know', key)
    reader.end()
    fields.end()
    return row
  } catch (error) {
    if (isEastGuardError(error, 'EG_MALFORMED', 'EG_ID_INVALID')) throw damaged(error.message, key, error)
    throw error
  }
}

function encodeValue(write: PutRow): Uint8Array {
  switch (write.kind) {
    case 'vnode':
      return pack([format, ...vnodeFields(write.row)])
    case 'topic':
      return pack([format, ...topicFields(write.row)])
    case 'range':
      return pack([format, write.row.keyHashFirst, write.row.keyHashLast])
    case 'segment':
      return pack([format, ...segmentFields(write.row)])
    case 'request':
      return pack([format, write.row.requestId, write.row.name, write.row.topic])
  }
}

function readRow(keyTable: number, ids: KeyIds, fields: Fields): PutRow | undefined {
  switch (keyTable) {
    case table.vnode:
      return { kind: 'vnode', row: readVNode(fields) }
    case table.topic:
      return { kind: 'topic', row: readTopic(ids, fields) }
    case table.range:
      return { kind: 'range', row: readRange(ids, fields) }
    case table.segment:
      return { kind: 'segment', row: readSegment(ids, fields) }
    case table.request:
      return { kind: 'request', row: readRequest(ids, fields) }
    default:
      return undefined
  }
}

function vnodeFields(row: VNodeRow): Packable[] {
  return [row.id, row.arcStart, row.arcEnd, row.epoch, row.vnodeTime, row.nextTopic, row.nextRequest]
}

function readVNode(fields: Fields): VNodeRow {
  return {
    id: parseVNodeId(fields.u32()),
    arcStart: fields.u32(),
    arcEnd: fields.count(),
    epoch: fields.count(),
    vnodeTime: fields.count(),
    nextTopic: fields.count(),
    nextRequest: fields.count(),
  }
}

function topicFields(row: TopicRow): Packable[] {
  return [row.name, row.createdAt, packRanges(row.ranges), packPolicy(row.policy), row.nextRange]
}

function readTopic(ids: KeyIds, fields: Fields): TopicRow {
  return {
    id: ids.topic(),
    name: fields.text(),
    createdAt: fields.count(),
    ranges: readRanges(fields),
    policy: readPolicy(fields),
    nextRange: fields.count(),
  }
}

function readRange(ids: KeyIds, fields: Fields): RangeRow {
  return { topic: ids.topic(), range: ids.number(), keyHashFirst: fields.u32(), keyHashLast: fields.u32() }
}

function segmentFields(row: SegmentRow): Packable[] {
  const { startOffset, endOffset, bytes, createdAt, sealedAt, createdVNodeTime, sealedVNodeTime } = row
  const sealed = row.state === 'sealed'
  const replicas = row.replicas.map(packReplica)
  return [sealed, startOffset, endOffset, bytes, createdAt, sealedAt, createdVNodeTime, sealedVNodeTime, replicas]
}

function readSegment(ids: KeyIds, fields: Fields): SegmentRow {
  return {
    topic: ids.topic(),
    range: ids.number(),
    segment: ids.number(),
    state: fields.boolean() ? 'sealed' : 'active',
    startOffset: fields.count(),
    endOffset: fields.countOrNull(),
    bytes: fields.count(),
    createdAt: fields.count(),
    sealedAt: fields.countOrNull(),
    createdVNodeTime: fields.count(),
    sealedVNodeTime: fields.countOrNull(),
    replicas: fields.list(readReplica),
  }
}

function readRequest(ids: KeyIds, fields: Fields): RequestRow {
  return {
    sequence: ids.count(),
    requestId: parseRequestId(fields.text()),
    name: fields.text(),
    topic: fields.text() as TopicId, // minted here, and under the storage's checksum
  }
}

class RowKeys {
  readonly #prefix: Uint8Array

  constructor(prefix: Uint8Array) {
    this.#prefix = prefix
  }

  of(write: PutRow): Uint8Array {
    switch (write.kind) {
      case 'vnode':
        return this.#start(table.vnode).copy()
      case 'topic':
        return this.topic(write.row.id)
      case 'range':
        return bigEndian(this.#topic(table.range, write.row.topic), write.row.range).copy()
      case 'segment':
        return this.segment(write.row.topic, write.row.range, write.row.segment)
      case 'request':
        return this.request(write.row.sequence)
    }
  }

  topic(id: TopicId): Uint8Array {
    return this.#topic(table.topic, id).copy()
  }

  segment(topic: TopicId, range: number, segment: number): Uint8Array {
    return bigEndian(bigEndian(this.#topic(table.segment, topic), range), segment).copy()
  }

  request(sequence: number): Uint8Array {
    const writer = this.#start(table.request)
    return bigEndian(bigEndian(writer, Math.floor(sequence / 2 ** 32)), sequence % 2 ** 32).copy()
  }

  /** Every row of one table that belongs to a topic. */
  under(which: number, topic: TopicId): StorageWrite {
    const from = this.#topic(which, topic).copy()
    const to = this.#topic(which, topic).bytes(new Uint8Array(9).fill(0xff)).copy() // above every range and segment
    return { kind: 'removeRange', from, to }
  }

  #topic(which: number, id: TopicId): ByteWriter {
    return bigEndian(bigEndian(this.#start(which), topicBirth(id)), topicCounter(id))
  }

  #start(which: number): ByteWriter {
    return new ByteWriter(32).bytes(this.#prefix).u8(which)
  }
}

class KeyIds {
  readonly #reader: ByteReader

  constructor(reader: ByteReader) {
    this.#reader = reader
  }

  number(): number {
    const bytes = this.#reader.bytes(4)
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
  }

  topic(): TopicId {
    return formatTopicId(parseVNodeId(this.number()), this.number())
  }

  count(): number {
    return this.number() * 2 ** 32 + this.number()
  }
}

function bigEndian(writer: ByteWriter, value: number): ByteWriter {
  return writer
    .u8(value >>> 24)
    .u8((value >>> 16) & 0xff)
    .u8((value >>> 8) & 0xff)
    .u8(value & 0xff)
}

function damaged(what: string, key: Uint8Array, cause?: unknown): EastGuardError {
  const place = Array.from(key, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return new EastGuardError({
    code: 'EG_STORAGE_DAMAGED',
    remedy: 'give-up',
    message: `the metadata row ${place} cannot be read: ${what}`,
    facts: { key: place },
    cause,
  })
}
