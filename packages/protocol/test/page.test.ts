import { describe, expect, it } from 'vitest'
import {
  encodeDescribeTopicAnswer,
  encodeListSegmentsAnswer,
  encodeListTopicsAnswer,
  encodeTrimTopicAnswer,
  limitTable,
  pageCountMax,
  rangeCountMax,
  type SegmentDescription,
  scanControlBody,
  segmentPageCountMax,
  type TopicPolicy,
} from '../src/index.ts'

const most = Number.MAX_SAFE_INTEGER
const u32 = 0xffffffff
const topic = 'f'.repeat(16)
const name = 'n'.repeat(200)
const leader = { brokerId: 'b'.repeat(32), host: 'h'.repeat(255), port: 65_535 }
const policy: TopicPolicy = {
  replicas: 9,
  minReplicas: 9,
  retentionMs: most,
  retentionBytes: most,
  segmentBytes: most,
  segmentAgeMs: most,
}

function times<Item>(count: number, item: Item): readonly Item[] {
  return Array.from({ length: count }, () => item)
}

const range = {
  range: u32,
  state: 'active' as const,
  keyHashFirst: u32,
  keyHashLast: u32,
  startOffset: most,
  endOffset: most,
  segmentCount: u32,
  bytes: most,
  activeSegment: u32,
  leader,
}
const segment: SegmentDescription = {
  id: `${topic}-${u32}-${u32}`,
  topic,
  range: u32,
  segment: u32,
  state: 'active',
  startOffset: most,
  endOffset: most,
  bytes: most,
  createdAt: most,
  sealedAt: most,
  replicas: times(9, { brokerId: leader.brokerId, bootId: u32, confirmed: true }),
  damaged: '\u20ac'.repeat(9999),
}
const summary = {
  id: topic,
  name,
  createdAt: most,
  rangeCount: u32,
  segmentCount: u32,
  policy,
  recordCount: most,
  bytes: most,
}

/** The largest body of every message that grows with the cluster. */
const largest = {
  describeTopic: encodeDescribeTopicAnswer({
    id: topic,
    name,
    createdAt: most,
    ranges: { kind: 'fixed', count: 4096 },
    policy,
    rangeList: times(pageCountMax, range),
    rangeCount: u32,
    next: u32,
  }),
  listTopics: encodeListTopicsAnswer({ topics: times(pageCountMax, summary), next: name }),
  listSegments: encodeListSegmentsAnswer({ segments: times(segmentPageCountMax, segment), next: segment.id }),
  trimTopic: encodeTrimTopicAnswer({
    ranges: times(rangeCountMax, { range: u32, startOffset: most, removedSegments: u32 }),
  }),
}

describe('the largest page', () => {
  it.each(Object.entries(largest))('of %s fits into the smallest frame and passes the scan', (_name, body) => {
    expect(body.length).toBeLessThan(limitTable.frameBytesMax.min - 1024)
    expect(scanControlBody(body).itemCount).toBeGreaterThan(1000)
  })
})
