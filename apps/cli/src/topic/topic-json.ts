import type { EastGuard } from '@eastguard/client'
import type { TopicDescription } from '@eastguard/protocol'
import type { TopicJson } from '../json-schema.ts'

/** With all of its ranges. @throws EG_TOPIC_NOT_FOUND (fix-call) */
export async function describeTopic(eg: EastGuard, name: string): Promise<TopicJson> {
  return topicJson(await eg.admin.topics.describe(name))
}

/** With all of its ranges, where a call has answered with the first of them. */
export async function wholeTopic(eg: EastGuard, topic: TopicDescription): Promise<TopicJson> {
  return topic.rangeList.length < topic.rangeCount ? describeTopic(eg, topic.name) : topicJson(topic)
}

function topicJson(topic: Omit<TopicDescription, 'next'>): TopicJson {
  const { id, name, createdAt, ranges, policy, rangeCount, rangeList } = topic
  return {
    id,
    name,
    createdAt,
    ranges: { ...ranges },
    policy: { ...policy },
    rangeCount,
    rangeList: rangeList.map((range) => ({ ...range, activeSegment: range.activeSegment ?? null })),
  }
}
