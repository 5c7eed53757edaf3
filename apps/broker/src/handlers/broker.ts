import type { DescribeBroker, DescribeBrokerAnswer } from '@eastguard/protocol'
import { software } from '../software.ts'
import type { BrokerContext } from './context.ts'

export async function describeBroker(_request: DescribeBroker, context: BrokerContext): Promise<DescribeBrokerAnswer> {
  const { identity, store, clock, metadata } = context
  const { disk, ...counts } = store.stats()
  const topics = await Promise.all(metadata.vnodes.map((vnode) => metadata.read(vnode, (state) => state.topicCount)))
  const problems = context.problems()
  const { brokerId, bootId, clusterId } = identity
  return {
    brokerId,
    bootId,
    clusterId,
    software,
    startedAt: context.startedAt,
    uptimeMs: clock.wallTime() - context.startedAt,
    dataDir: context.settings.dataDir ?? '',
    addresses: [{ name: 'client', ...context.advertised }],
    disk: { ...(await context.disk.space()), state: disk },
    store: counts,
    topics: topics.reduce((sum, count) => sum + count, 0),
    connections: context.connectionCount(),
    healthy: problems.length === 0,
    problems,
  }
}
