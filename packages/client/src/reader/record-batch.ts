import { decodeUtf8 } from '@eastguard/kernel'
import type { BatchReader, RecordHeader } from '@eastguard/record'
import { formatRecordPosition } from '../position.ts'

/** Which range a batch came from. */
export interface BatchSource {
  readonly topic: string
  /** 16 hex digits. */
  readonly topicId: string
  readonly range: number
}

/** A record as it was read. Bytes are views of its batch and pin it: copy what is kept for long. */
export class ReadRecord {
  readonly topic: string
  readonly range: number
  readonly offset: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
  /** The producer's, ms since 1970. */
  readonly timestamp: number
  readonly #topicId: string

  constructor(source: BatchSource, reader: BatchReader, index: number, offset: number) {
    this.topic = source.topic
    this.range = source.range
    this.offset = offset
    this.key = reader.key(index)
    this.value = reader.value(index)
    this.headers = reader.headers(index)
    this.timestamp = reader.timestamp(index)
    this.#topicId = source.topicId
  }

  /** Its place, as text: `reader(topic, { from: position })` starts with this record, and reads this range alone. */
  get position(): string {
    return formatRecordPosition(this.#topicId, this.range, this.offset)
  }

  /** The value as UTF-8. @throws EG_MALFORMED (fix-call) when it is not */
  get text(): string | null {
    return this.value === null ? null : decodeUtf8(this.value)
  }

  /** The key as UTF-8. @throws EG_MALFORMED (fix-call) when it is not */
  get keyText(): string | null {
    return this.key === null ? null : decodeUtf8(this.key)
  }
}

/** Consecutive records of one range; those that were asked for, even where the stored batch has more. */
export class RecordBatch implements Iterable<ReadRecord> {
  readonly topic: string
  readonly range: number
  /** Of the first record. */
  readonly offset: number
  readonly count: number
  /** When the leader appended it, ms since 1970. */
  readonly appendTime: number
  readonly #source: BatchSource
  readonly #reader: BatchReader
  readonly #first: number

  /** @param from, to offsets, end-exclusive, inside the batch */
  constructor(source: BatchSource, reader: BatchReader, from: number, to: number) {
    this.topic = source.topic
    this.range = source.range
    this.offset = from
    this.count = to - from
    this.appendTime = reader.header.appendTime
    this.#source = source
    this.#reader = reader
    this.#first = from - reader.header.baseOffset
  }

  /** @param i from 0. @throws EG_INVALID_ARGUMENT (fix-call) for one that the stored batch does not have */
  record(i: number): ReadRecord {
    return new ReadRecord(this.#source, this.#reader, this.#first + i, this.offset + i)
  }

  key(i: number): Uint8Array | null {
    return this.#reader.key(this.#first + i)
  }

  value(i: number): Uint8Array | null {
    return this.#reader.value(this.#first + i)
  }

  headers(i: number): readonly RecordHeader[] {
    return this.#reader.headers(this.#first + i)
  }

  timestamp(i: number): number {
    return this.#reader.timestamp(this.#first + i)
  }

  *[Symbol.iterator](): Generator<ReadRecord, void, undefined> {
    for (let i = 0; i < this.count; i++) yield this.record(i)
  }
}
