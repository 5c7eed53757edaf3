import {
  checkSatisfiable,
  describeTopic,
  listTopics,
  mergeTopicPages,
  type NamePageRequest,
  planCreateTopic,
  requestIdFromBytes,
  type TopicId,
  type TopicPolicy,
} from '@eastguard/ds-rsm'
import { invariant } from '@eastguard/kernel'
import {
  type AlterTopic,
  type AlterTopicAnswer,
  type CreateTopic,
  type CreateTopicAnswer,
  checkRangesMode,
  checkTopicName,
  checkTopicPolicy,
  type DeleteTopic,
  type DeleteTopicAnswer,
  type DescribeTopic,
  type ListTopics,
  type ListTopicsAnswer,
  pageCountMax,
  type TopicDescription,
} from '@eastguard/protocol'
import { topicNotFound } from '../metadata/metadata.ts'
import type { BrokerContext } from './context.ts'
import { showSummary, showTopic } from './descriptions.ts'
import { appliedOrThrow } from './refusal.ts'

export async function createTopic(request: CreateTopic, context: BrokerContext): Promise<CreateTopicAnswer> {
  checkTopicName(request.name)
  checkRangesMode(request.ranges)
  checkTopicPolicy(request.policy)
  const { metadata } = context
  const vnode = metadata.vnodeOfName(request.name)
  const epoch = await metadata.read(vnode, (state) => state.vnode.epoch)
  const command = planCreateTopic({
    epoch,
    requestId: requestIdFromBytes(request.requestId),
    name: request.name,
    ranges: request.ranges,
    policy: definedOnly(request.policy),
    seats: context.seats,
    vnodeTime: metadata.vnodeTime(vnode),
    wallTime: context.clock.wallTime(),
  })
  const outcome = await metadata.propose(vnode, command)
  const result = appliedOrThrow(outcome)
  invariant(result.kind === 'topicCreated', 'creating a topic creates a topic', { kind: result.kind })
  return { topic: await describe({ name: request.name }, context), repeated: outcome.kind === 'repeated' }
}

export function describe(request: DescribeTopic, context: BrokerContext): Promise<TopicDescription> {
  const { name, afterRange, limit = pageCountMax } = request
  const page = afterRange === undefined ? { limit } : { afterRange, limit }
  return context.metadata.read(context.metadata.vnodeOfName(name), (state) => {
    const topic = describeTopic(state, name, page)
    if (topic === undefined) throw topicNotFound(name)
    return showTopic(topic, context)
  })
}

/** One page over all vNodes. */
export async function list(request: ListTopics, context: BrokerContext): Promise<ListTopicsAnswer> {
  const page = definedOnly(request) as NamePageRequest // the limit is always there
  const pages = context.metadata.vnodes.map((vnode) => context.metadata.read(vnode, (state) => listTopics(state, page)))
  const { topics, next } = mergeTopicPages(await Promise.all(pages), request.limit)
  const shown = topics.map((topic) => showSummary(topic, context))
  return next === undefined ? { topics: shown } : { topics: shown, next }
}

export async function alterTopic(request: AlterTopic, context: BrokerContext): Promise<AlterTopicAnswer> {
  checkTopicPolicy(request.policy)
  const { id, epoch, policy: before } = await findTopic(request.name, context)
  const vnode = context.metadata.vnodeOfName(request.name)
  const policy = definedOnly(request.policy)
  checkSatisfiable(request.name, { ...before, ...policy }, context.seats.length)
  appliedOrThrow(await context.metadata.propose(vnode, { kind: 'alterTopic', epoch, topic: id, policy }))
  return { topic: await describe({ name: request.name }, context) }
}

export async function deleteTopic(request: DeleteTopic, context: BrokerContext): Promise<DeleteTopicAnswer> {
  const { id, epoch } = await findTopic(request.name, context)
  const vnode = context.metadata.vnodeOfName(request.name)
  appliedOrThrow(await context.metadata.propose(vnode, { kind: 'deleteTopic', epoch, topic: id }))
  return { id }
}

function findTopic(
  name: string,
  context: BrokerContext,
): Promise<{ readonly id: TopicId; readonly epoch: number; readonly policy: TopicPolicy }> {
  return context.metadata.readNamed(name, ({ row }, state) => ({
    id: row.id,
    epoch: state.vnode.epoch,
    policy: row.policy,
  }))
}

/** A field that is there without a value says nothing. */
function definedOnly<Fields extends object>(
  fields: Fields,
): { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never // the same fields
}
