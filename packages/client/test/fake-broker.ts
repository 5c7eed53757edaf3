import type { Clock, Connection, EastGuardError, Network } from '@eastguard/kernel'
import {
  chooseLimits,
  codedError,
  encodeGoAway,
  type Limits,
  type RangeDescription,
  type TopicDescription,
  type UnaryHandlers,
  type UnaryKind,
} from '@eastguard/protocol'
import { BatchReader, batchMaxTimestamp, batchRecordCount, type Codec, checkBatch, stampBatch } from '@eastguard/record'
import { FakeConnection, segmentIdOf } from './fake-connection.ts'

export interface StoredBatch {
  readonly bytes: Uint8Array
  readonly base: number
  readonly count: number
}

export interface FakeRange {
  readonly batches: StoredBatch[]
  start: number
  end: number
}

export interface FakeTopic {
  readonly id: string
  readonly name: string
  readonly ranges: FakeRange[]
}

/** What a broker does with the n-th append of its life. */
export type AppendPlan =
  | 'store'
  | 'storeSilently'
  | 'ignore'
  | { readonly refuse: EastGuardError; readonly acceptedBelow?: 'said' }

export interface FakeScript {
  /** Default: store and acknowledge. */
  append?: (count: number) => AppendPlan
  /** An error for the n-th session of a kind to open, counted from 0. */
  refuseOpen?: (kind: 'openProduce' | 'openConsume', count: number) => EastGuardError | undefined
  /** Whether to cut the connection instead of handling (`in`) or sending (`out`) the n-th frame of the broker's life. */
  cut?: (direction: 'in' | 'out', count: number) => boolean
  /** Answers to unary calls, instead of the usual ones. */
  calls?: Partial<UnaryHandlers<FakeBroker>>
  /** Changes a Records frame's batches, once they are copied. */
  spoil?: (bytes: Uint8Array, range: number) => void
  /** No idle frames. */
  mute?: boolean
  /** Calls without an answer. */
  deaf?: (kind: UnaryKind) => boolean
}

/** A broker in memory that keeps to the protocol, and breaks it where its script says so. */
export class FakeBroker {
  readonly brokerId: string
  readonly address: { readonly host: string; readonly port: number }
  readonly limits: Limits
  readonly topics = new Map<string, FakeTopic>()
  readonly connections = new Set<FakeConnection>()
  script: FakeScript = {}
  clusterId = 'c'.repeat(32)
  appendCount = 0
  connectionCount = 0
  readonly counts: { in: number; out: number } = { in: 0, out: 0 }
  readonly opens: { openProduce: number; openConsume: number } = { openProduce: 0, openConsume: 0 }
  /** Leaders in descriptions: this broker unless set. */
  leader: { readonly brokerId: string; readonly host: string; readonly port: number }
  #listener: AsyncDisposable | undefined
  #nextTopic = 1
  readonly #network: Network
  readonly clock: Clock

  constructor(
    network: Network,
    clock: Clock,
    options: { readonly port?: number; readonly limits?: Partial<Limits> } = {},
  ) {
    this.#network = network
    this.clock = clock
    const port = options.port ?? 2921
    this.address = { host: 'broker', port }
    this.brokerId = port.toString(16).padStart(32, 'b')
    this.limits = chooseLimits(options.limits)
    this.leader = { brokerId: this.brokerId, ...this.address }
  }

  async start(): Promise<void> {
    const accept = {
      connection: (connection: Connection) => {
        this.connectionCount++
        this.connections.add(new FakeConnection(this, connection))
      },
    }
    const options = { path: '/v1', messageBytesMax: this.limits.frameBytesMax, origins: [], hosts: [] }
    this.#listener = await this.#network.listen(this.address, accept, options)
  }

  get handlers(): UnaryHandlers<FakeBroker> {
    return { ...usualAnswers, ...this.script.calls }
  }

  /** Its storage stays. */
  async stop(): Promise<void> {
    await this.#listener?.[Symbol.asyncDispose]()
    this.#listener = undefined
    for (const connection of this.connections) connection.cut()
  }

  addTopic(name: string, rangeCount = 1): FakeTopic {
    const id = (this.#nextTopic++).toString(16).padStart(16, '0')
    const ranges = Array.from({ length: rangeCount }, () => ({ batches: [], start: 0, end: 0 }))
    const topic = { id, name, ranges }
    this.topics.set(name, topic)
    return topic
  }

  describe(name: string): TopicDescription {
    const topic = this.topics.get(name)
    if (topic === undefined) throw codedError('EG_TOPIC_NOT_FOUND', `no topic ${name}`)
    const width = 2 ** 32 / topic.ranges.length
    const rangeList = topic.ranges.map(
      (range, i): RangeDescription => ({
        range: i,
        state: 'active',
        keyHashFirst: i * width,
        keyHashLast: (i + 1) * width - 1,
        startOffset: range.start,
        endOffset: range.end,
        segmentCount: 1,
        bytes: 0,
        activeSegment: 0,
        leader: this.leader,
      }),
    )
    const policy = {
      replicas: 1,
      minReplicas: 1,
      retentionMs: null,
      retentionBytes: null,
      segmentBytes: 2 ** 20,
      segmentAgeMs: null,
    }
    return {
      id: topic.id,
      name,
      createdAt: 0,
      ranges: { kind: 'auto' },
      policy,
      rangeList,
      rangeCount: rangeList.length,
    }
  }

  range(topicId: string, range: number): FakeRange {
    const found = [...this.topics.values()].find((topic) => topic.id === topicId)?.ranges[range]
    if (found === undefined) throw codedError('EG_TOPIC_NOT_FOUND', `no topic ${topicId}`)
    return found
  }

  /** Stamps and keeps a batch, and shows it to every reader. */
  store(topicId: string, range: number, batch: Uint8Array): StoredBatch {
    checkBatch(batch)
    const kept = this.range(topicId, range)
    const bytes = batch.slice()
    stampBatch(bytes, segmentIdOf(topicId, range), kept.end, this.clock.wallTime())
    const stored = { bytes, base: kept.end, count: batchRecordCount(bytes) }
    kept.batches.push(stored)
    kept.end += stored.count
    for (const connection of this.connections) connection.push()
    return stored
  }

  /** Values as text, in order. */
  async stored(name: string, range = 0, codecs: readonly Codec[] = []): Promise<string[]> {
    const values: string[] = []
    for (const { bytes } of this.topics.get(name)?.ranges[range]?.batches ?? []) {
      const reader = await BatchReader.inflate(bytes, codecs)
      for (const { value } of reader.records()) values.push(value === null ? 'null' : new TextDecoder().decode(value))
    }
    return values
  }

  goAway(): void {
    const body = encodeGoAway({ code: 'EG_SHUTTING_DOWN', message: 'bye' })
    for (const connection of this.connections) connection.send('goAway', 0, body)
  }

  closeSessions(error: EastGuardError, range?: number): void {
    for (const connection of this.connections) connection.closeSessions(error, range)
  }

  moveSessions(): void {
    for (const connection of this.connections) connection.moveSessions()
  }
}

const notScripted = (): Promise<never> => Promise.reject(codedError('EG_INTERNAL', 'not scripted'))

const usualAnswers: UnaryHandlers<FakeBroker> = {
  createTopic: async ({ name, ranges }, broker) => {
    broker.addTopic(name, ranges.kind === 'fixed' ? ranges.count : 1)
    return { topic: broker.describe(name), repeated: false }
  },
  describeTopic: async ({ name }, broker) => broker.describe(name),
  findOffset: async ({ topic, range, at }, broker) => {
    const kept = broker.range(topic, range)
    if (at.kind !== 'time') return { offset: at.kind === 'start' ? kept.start : kept.end }
    const first = kept.batches.find(({ bytes }) => batchMaxTimestamp(bytes) >= at.time)
    return { offset: first?.base ?? kept.end }
  },
  listTopics: notScripted,
  alterTopic: notScripted,
  deleteTopic: async ({ name }, broker) => {
    const id = broker.describe(name).id
    broker.topics.delete(name)
    return { id }
  },
  trimTopic: notScripted,
  listSegments: notScripted,
  describeBroker: notScripted,
}
