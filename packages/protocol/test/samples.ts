import * as protocol from '../src/index.ts'

// One sample per message, with every field set: the golden bytes, the fuzzer and the compatibility tests share them.

export interface Sample {
  readonly value: unknown
  readonly encode: () => Uint8Array
  readonly decode: (body: Uint8Array) => unknown
  readonly body: 'map' | 'fixed'
}

function map<Value>(value: Value, encode: (value: Value) => Uint8Array, decode: (body: Uint8Array) => Value): Sample {
  return { value, encode: () => encode(value), decode, body: 'map' }
}

function fixed<Value>(
  value: Value,
  encode: (value: Value) => Uint8Array | readonly Uint8Array[],
  decode: (body: Uint8Array) => Value,
): Sample {
  const whole = (): Uint8Array => {
    const body = encode(value)
    return body instanceof Uint8Array ? new Uint8Array(body) : new Uint8Array(Buffer.concat(body))
  }
  return { value, encode: whole, decode, body: 'fixed' }
}

const topicId = '0000000a00000007'
const brokerId = '0123456789abcdef0123456789abcdef'
const clusterId = 'fedcba9876543210fedcba9876543210'
const leader = { brokerId, host: 'broker-1.example', port: 2921 }
const policy: protocol.TopicPolicy = {
  replicas: 3,
  minReplicas: 2,
  retentionMs: 604_800_000,
  retentionBytes: null,
  segmentBytes: 2 ** 30,
  segmentAgeMs: null,
}
const createdAt = 1_790_000_000_123
const range: protocol.RangeDescription = {
  range: 1,
  state: 'active',
  keyHashFirst: 0,
  keyHashLast: 0xffffffff,
  startOffset: 12,
  endOffset: 2 ** 40,
  segmentCount: 4,
  bytes: 2 ** 53 - 1,
  activeSegment: 3,
  leader,
}
const topic: protocol.TopicDescription = {
  id: topicId,
  name: 'orders',
  createdAt,
  ranges: { kind: 'fixed', count: 4 },
  policy,
  rangeList: [range, { ...range, range: 2, state: 'sealed', activeSegment: undefined, leader: null }],
  rangeCount: 4,
  next: 2,
}
const summary: protocol.TopicSummary = {
  id: topicId,
  name: 'orders',
  createdAt,
  rangeCount: 4,
  segmentCount: 9,
  policy,
  recordCount: 1000,
  bytes: 5000,
}
const segment: protocol.SegmentDescription = {
  id: `${topicId}-1-3`,
  topic: topicId,
  range: 1,
  segment: 3,
  state: 'sealed',
  startOffset: 10,
  endOffset: 20,
  bytes: 300,
  createdAt,
  sealedAt: createdAt + 5,
  replicas: [{ brokerId, bootId: 2, confirmed: true }],
  damaged: 'batch at byte 1,234: checksum',
}
const error: protocol.ErrorBody = {
  number: 301,
  code: 'EG_TOPIC_NOT_FOUND',
  remedy: 'fix-call',
  message: "there is no topic 'ordérs'",
  facts: { name: 'ordérs', count: 3, near: null, exact: false },
}
const batch = Uint8Array.from({ length: 80 }, (_, i) => i)

export const samples: { readonly [name: string]: Sample } = {
  hello: map(
    { versions: [1, 2], clientId: 'svc', software: 'eastguard 0.1.0', clusterId, features: ['gzip'] },
    protocol.encodeHello,
    protocol.decodeHello,
  ),
  welcome: map(
    { version: 1, clusterId, brokerId, bootId: 7, software: 's', features: ['gzip'], limits: protocol.chooseLimits() },
    protocol.encodeWelcome,
    protocol.decodeWelcome,
  ),
  error: map(error, protocol.encodeError, protocol.decodeError),
  'go-away': map({ code: 'EG_SHUTTING_DOWN', message: 'restart' }, protocol.encodeGoAway, protocol.decodeGoAway),
  'create-topic': map(
    {
      requestId: Uint8Array.from({ length: 16 }, (_, i) => 255 - i),
      name: 'orders',
      ranges: { kind: 'fixed' as const, count: 4 },
      policy: { retentionMs: null, replicas: 1 },
    },
    protocol.encodeCreateTopic,
    protocol.decodeCreateTopic,
  ),
  'create-topic-answer': map(
    { topic, repeated: true },
    protocol.encodeCreateTopicAnswer,
    protocol.decodeCreateTopicAnswer,
  ),
  'describe-topic': map(
    { name: 'orders', afterRange: 0, limit: 2 },
    protocol.encodeDescribeTopic,
    protocol.decodeDescribeTopic,
  ),
  'describe-topic-answer': map(topic, protocol.encodeDescribeTopicAnswer, protocol.decodeDescribeTopicAnswer),
  'list-topics': map({ after: 'a', limit: 5, prefix: 'o' }, protocol.encodeListTopics, protocol.decodeListTopics),
  'list-topics-answer': map(
    { topics: [summary], next: 'orders' },
    protocol.encodeListTopicsAnswer,
    protocol.decodeListTopicsAnswer,
  ),
  'alter-topic': map(
    { name: 'orders', policy: { retentionBytes: 1, segmentAgeMs: null } },
    protocol.encodeAlterTopic,
    protocol.decodeAlterTopic,
  ),
  'alter-topic-answer': map({ topic }, protocol.encodeAlterTopicAnswer, protocol.decodeAlterTopicAnswer),
  'delete-topic': map({ name: 'orders' }, protocol.encodeDeleteTopic, protocol.decodeDeleteTopic),
  'delete-topic-answer': map({ id: topicId }, protocol.encodeDeleteTopicAnswer, protocol.decodeDeleteTopicAnswer),
  'trim-topic': map<protocol.TrimTopic>(
    { name: 'orders', range: 1, before: { kind: 'offset', offset: 2 ** 33 } },
    protocol.encodeTrimTopic,
    protocol.decodeTrimTopic,
  ),
  'trim-topic-answer': map(
    { ranges: [{ range: 1, startOffset: 2 ** 33, removedSegments: 2 }] },
    protocol.encodeTrimTopicAnswer,
    protocol.decodeTrimTopicAnswer,
  ),
  'list-segments': map(
    { name: 'orders', range: 1, after: `${topicId}-1-2`, limit: 10 },
    protocol.encodeListSegments,
    protocol.decodeListSegments,
  ),
  'list-segments-answer': map(
    { segments: [segment, { ...segment, sealedAt: null, damaged: undefined }], next: segment.id },
    protocol.encodeListSegmentsAnswer,
    protocol.decodeListSegmentsAnswer,
  ),
  'find-offset': map<protocol.FindOffset>(
    { topic: topicId, range: 1, at: { kind: 'time', time: createdAt } },
    protocol.encodeFindOffset,
    protocol.decodeFindOffset,
  ),
  'find-offset-answer': map({ offset: 77 }, protocol.encodeFindOffsetAnswer, protocol.decodeFindOffsetAnswer),
  'describe-broker': map({}, protocol.encodeDescribeBroker, protocol.decodeDescribeBroker),
  'describe-broker-answer': map<protocol.DescribeBrokerAnswer>(
    {
      brokerId,
      bootId: 7,
      clusterId,
      software: 'eastguard 0.1.0',
      startedAt: createdAt,
      uptimeMs: 1500,
      dataDir: '/data',
      addresses: [{ name: 'client', host: '127.0.0.1', port: 2921 }],
      disk: { usedBytes: 1, availableBytes: 2 ** 40, state: 'noPlacement' },
      store: { syncCount: 12, cachedBytes: 4096 },
      topics: 2,
      connections: 3,
      healthy: false,
      problems: ['disk above 92 %'],
    },
    protocol.encodeDescribeBrokerAnswer,
    protocol.decodeDescribeBrokerAnswer,
  ),
  'open-produce': map({ topic: topicId, range: 1 }, protocol.encodeOpenProduce, protocol.decodeOpenProduce),
  'produce-opened': map(
    { windowBytes: 8 << 20, windowBatches: 256, replicas: 3 },
    protocol.encodeProduceOpened,
    protocol.decodeProduceOpened,
  ),
  append: fixed({ sequence: 0xfffffffe, batch }, protocol.encodeAppend, protocol.decodeAppend),
  'append-ack': fixed(
    {
      below: 9,
      windowBytes: 8 << 20,
      windowBatches: 256,
      receipts: [
        { baseOffset: 2 ** 40, appendTime: createdAt },
        { baseOffset: 2 ** 53 - 1, appendTime: 0 },
      ],
    },
    protocol.encodeAppendAck,
    protocol.decodeAppendAck,
  ),
  'open-consume': map(
    { topic: topicId, range: 1, from: 2 ** 35, windowBytes: 1 << 20 },
    protocol.encodeOpenConsume,
    protocol.decodeOpenConsume,
  ),
  'consume-opened': map(
    { startOffset: 5, committedEnd: 2 ** 35 },
    protocol.encodeConsumeOpened,
    protocol.decodeConsumeOpened,
  ),
  records: fixed(
    { segmentId: Uint8Array.from({ length: 16 }, (_, i) => i), committedEnd: 2 ** 33, parts: [batch] },
    protocol.encodeRecords,
    protocol.decodeRecords,
  ),
  progress: fixed({ takenBelow: 2 ** 33, windowBytes: 1 << 20 }, protocol.encodeProgress, protocol.decodeProgress),
  idle: fixed({ committedEnd: 2 ** 33, leaderAgeMs: 400 }, protocol.encodeIdle, protocol.decodeIdle),
  moved: map<protocol.Moved>(
    {
      reason: 'split',
      endOffset: 100,
      acceptedBelow: 4,
      next: [
        { range: 2, leader },
        { range: 3, leader: null },
      ],
    },
    protocol.encodeMoved,
    protocol.decodeMoved,
  ),
  close: map({ ...error, acceptedBelow: 4 }, protocol.encodeClose, protocol.decodeClose),
}
