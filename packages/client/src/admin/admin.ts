import type { Random } from '@eastguard/kernel'
import {
  checkRangesMode,
  checkTopicName,
  checkTopicPolicy,
  codedError,
  type DescribeBrokerAnswer,
  type SegmentDescription,
  type TopicDescription,
  type TopicSummary,
  type TrimmedRange,
  type TrimPoint,
} from '@eastguard/protocol'
import type { Caller, CallOptions } from '../link/caller.ts'
import { describeWhole } from '../route/routes.ts'
import { Pages } from './pages.ts'
import { type CreateTopicOptions, policyChange, rangesMode, type TopicPolicyOptions } from './topic-options.ts'

export interface ListTopicsOptions extends CallOptions {
  readonly prefix?: string | undefined
  /** Topics of one page. */
  readonly pageSize?: number | undefined
}

export interface ListSegmentsOptions extends CallOptions {
  readonly range?: number | undefined
  /** Segments of one page. */
  readonly pageSize?: number | undefined
}

/** Up to where records go: an offset (of one range), a time in ms since 1970, or all that is sealed. */
export type TrimBefore = { readonly offset: number } | { readonly time: number } | 'end'

export interface TrimOptions extends CallOptions {
  readonly range?: number | undefined
}

/**
 * Administration. Each call ends by its `timeoutMs`, and says how: EG_OUTCOME_UNKNOWN when it may have happened, any
 * other error when it did not. Questions, and `create` by its request id, are repeated meanwhile where that is needed.
 */
export class Admin {
  readonly topics: TopicAdmin
  readonly segments: SegmentAdmin
  readonly broker: BrokerAdmin

  constructor(caller: Caller, random: Random) {
    this.topics = new TopicAdmin(caller, random)
    this.segments = new SegmentAdmin(caller)
    this.broker = new BrokerAdmin(caller)
  }
}

export class TopicAdmin {
  readonly #caller: Caller
  readonly #random: Random

  constructor(caller: Caller, random: Random) {
    this.#caller = caller
    this.#random = random
  }

  /** @throws EG_TOPIC_EXISTS, EG_INVALID_NAME, EG_INVALID_ARGUMENT, EG_POLICY_UNSATISFIABLE (fix-call) */
  async create(name: string, options: CreateTopicOptions = {}, call: CallOptions = {}): Promise<TopicDescription> {
    checkTopicName(name)
    const ranges = rangesMode(options.ranges)
    checkRangesMode(ranges)
    const policy = policyChange(options)
    checkTopicPolicy(policy)
    // The same request id answers the first result: a lost answer may be asked for again.
    const request = { requestId: this.#random.bytes(16), name, ranges, policy }
    const answer = await this.#caller.call('createTopic', request, call, { repeatable: true })
    return answer.topic
  }

  /** With all of its ranges. @throws EG_TOPIC_NOT_FOUND (fix-call) */
  describe(name: string, call: CallOptions = {}): Promise<TopicDescription> {
    return describeWhole(this.#caller, name, call)
  }

  /** By name, ascending; page after page as the loop asks. */
  list(options: ListTopicsOptions = {}): Pages<TopicSummary> {
    const { prefix, pageSize: limit = 100 } = options
    return new Pages(async (after) => {
      const { topics, next } = await this.#caller.call('listTopics', { after, limit, prefix }, options)
      return { items: topics, next }
    })
  }

  /** Changes the fields that are given. @throws EG_TOPIC_NOT_FOUND, EG_INVALID_ARGUMENT, EG_POLICY_UNSATISFIABLE */
  async alter(name: string, options: TopicPolicyOptions, call: CallOptions = {}): Promise<TopicDescription> {
    const policy = policyChange(options)
    checkTopicPolicy(policy)
    const answer = await this.#caller.call('alterTopic', { name, policy }, call)
    return answer.topic
  }

  /** Its records are gone when this resolves; their files follow. @returns the topic's id. @throws EG_TOPIC_NOT_FOUND */
  async delete(name: string, call: CallOptions = {}): Promise<string> {
    const answer = await this.#caller.call('deleteTopic', { name }, call)
    return answer.id
  }

  /** Removes whole sealed segments before a point. @throws EG_TOPIC_NOT_FOUND, EG_INVALID_ARGUMENT */
  async trim(name: string, before: TrimBefore, options: TrimOptions = {}): Promise<readonly TrimmedRange[]> {
    const { range } = options
    const answer = await this.#caller.call('trimTopic', { name, range, before: trimPoint(before) }, options)
    return answer.ranges
  }
}

export class SegmentAdmin {
  readonly #caller: Caller

  constructor(caller: Caller) {
    this.#caller = caller
  }

  /** Of a topic, by range and number, ascending; page after page as the loop asks. @throws EG_TOPIC_NOT_FOUND */
  list(topic: string, options: ListSegmentsOptions = {}): Pages<SegmentDescription> {
    const { range, pageSize: limit = 100 } = options
    return new Pages(async (after) => {
      const { segments, next } = await this.#caller.call('listSegments', { name: topic, range, after, limit }, options)
      return { items: segments, next }
    })
  }

  /** @param id `<topic id>-<range>-<segment>`. @throws EG_SEGMENT_NOT_FOUND, EG_TOPIC_NOT_FOUND */
  async describe(topic: string, id: string, call: CallOptions = {}): Promise<SegmentDescription> {
    const range = Number(id.split('-')[1])
    const options = Number.isSafeInteger(range) ? { ...call, range } : call
    for await (const segment of this.list(topic, options)) if (segment.id === id) return segment
    throw codedError('EG_SEGMENT_NOT_FOUND', `topic ${topic} has no segment ${id}`, { topic, segment: id })
  }
}

export class BrokerAdmin {
  readonly #caller: Caller

  constructor(caller: Caller) {
    this.#caller = caller
  }

  /** The broker that answers. */
  describe(call: CallOptions = {}): Promise<DescribeBrokerAnswer> {
    return this.#caller.call('describeBroker', {}, call)
  }
}

function trimPoint(before: TrimBefore): TrimPoint {
  if (before === 'end') return { kind: 'end' }
  return 'offset' in before ? { kind: 'offset', offset: before.offset } : { kind: 'time', time: before.time }
}
