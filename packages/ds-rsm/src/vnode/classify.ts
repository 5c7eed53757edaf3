import { type SegmentName, type TopicId, topicBirth, topicCounter } from '../ids.ts'
import type { VNodeState } from './state.ts'

/**
 * What the owner says about an id. Absence alone proves nothing (P17, H4): `deleted` needs the id to be at or below the
 * high-water mark of its counter, and `notMinted` means that metadata went backwards: keep everything, raise an alarm.
 */
export type Standing = 'live' | 'deleted' | 'notMinted' | 'notMine'

export function classifyTopic(state: VNodeState, id: TopicId): Standing {
  if (topicBirth(id) !== state.id) return 'notMine'
  if (topicCounter(id) >= state.vnode.nextTopic) return 'notMinted'
  return state.topic(id) === undefined ? 'deleted' : 'live'
}

/** The mark of a topic's ranges is in its row; the mark of a range's segments is its active segment. */
export function classifySegment(state: VNodeState, name: SegmentName): Standing {
  const standing = classifyTopic(state, name.topic)
  const topic = state.topic(name.topic)
  if (standing !== 'live' || topic === undefined) return standing
  if (name.range >= topic.row.nextRange) return 'notMinted'
  const range = topic.ranges.get(name.range)
  if (range === undefined) return 'deleted'
  if (name.segment > range.segments.active.segment) return 'notMinted'
  return range.segments.find(name.segment) === undefined ? 'deleted' : 'live'
}
