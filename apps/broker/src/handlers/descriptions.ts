import { formatSegmentId, type RangeView, type SegmentRow, type TopicPage, type TopicSummary } from '@eastguard/ds-rsm'
import type * as wire from '@eastguard/protocol'
import type { SegmentStatus } from '@eastguard/segment-store'
import { describePlace } from '../records/place.ts'
import type { BrokerContext } from './context.ts'

// Metadata as clients see it: what the vNode knows, with what this broker knows of segments that are still written.

export function showTopic(page: TopicPage, context: BrokerContext): wire.TopicDescription {
  const { topic, rangeCount, ranges, next } = page
  const { id, name, createdAt, ranges: mode, policy } = topic
  const rangeList = ranges.map((range) => showRange(range, context))
  const description = { id, name, createdAt, ranges: mode, policy, rangeList, rangeCount }
  return next === undefined ? description : { ...description, next }
}

export function showSummary(summary: TopicSummary, context: BrokerContext): wire.TopicSummary {
  const { topic, rangeCount, segmentCount, sealedRecordCount, sealedBytes, active } = summary
  const { id, name, createdAt, policy } = topic
  const live = active.map((row) => liveFigures(row, context))
  const recordCount = live.reduce((sum, { records }) => sum + records, sealedRecordCount)
  const bytes = live.reduce((sum, figures) => sum + figures.bytes, sealedBytes)
  return { id, name, createdAt, rangeCount, segmentCount, policy, recordCount, bytes }
}

export function showSegment(row: SegmentRow, context: BrokerContext): wire.SegmentDescription {
  const id = formatSegmentId(row)
  const status = context.store.status(id)
  const { topic, range, segment, state, startOffset, createdAt, sealedAt, replicas } = row
  const live = liveFigures(row, context)
  const endOffset = row.endOffset ?? startOffset + live.records
  const bytes = state === 'sealed' ? row.bytes : live.bytes
  const shown = { id, topic, range, segment, state, startOffset, endOffset, bytes, createdAt, sealedAt, replicas }
  const damaged = damageOf(row, status)
  return damaged === undefined ? shown : { ...shown, damaged }
}

function showRange(range: RangeView, context: BrokerContext): wire.RangeDescription {
  const { keyHashFirst, keyHashLast, startOffset, segmentCount, sealedBytes, active } = range
  const live = liveFigures(active, context)
  return {
    range: range.range,
    state: 'active',
    keyHashFirst,
    keyHashLast,
    startOffset,
    endOffset: active.startOffset + live.records,
    segmentCount,
    bytes: sealedBytes + live.bytes,
    activeSegment: active.segment,
    leader: { brokerId: context.identity.brokerId, ...context.advertised },
  }
}

/** What the leader of an active segment knows and the metadata does not. */
function liveFigures(active: SegmentRow, context: BrokerContext): { readonly records: number; readonly bytes: number } {
  const status = context.store.status(formatSegmentId(active))
  const committedEnd = context.ranges.find(active.topic, active.range)?.committedEnd ?? active.startOffset
  return { records: Math.max(0, committedEnd - active.startOffset), bytes: status?.bytes ?? 0 }
}

function damageOf(row: SegmentRow, status: SegmentStatus | undefined): string | undefined {
  if (status?.damage !== undefined) return describePlace(status.damage)
  return status === undefined && row.state === 'sealed' ? 'missing on this broker' : undefined
}
