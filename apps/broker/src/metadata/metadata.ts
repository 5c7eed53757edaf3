import {
  type Command,
  type CommandResult,
  type Proposer,
  type TopicEntry,
  type TopicId,
  topicBirth,
  topicNameHash,
  type VNodeDirectory,
  type VNodeId,
  type VNodeState,
} from '@eastguard/ds-rsm'
import type { Clock } from '@eastguard/kernel'
import { codedError } from '@eastguard/protocol'

/** How long a request waits for metadata before it is answered EG_TIMEOUT or EG_OUTCOME_UNKNOWN. */
export const callTimeoutMs = 10_000

/** The vNodes as handlers and records see them: by topic, with one deadline. */
export class Metadata {
  readonly #proposer: Proposer
  readonly #directory: VNodeDirectory
  readonly #clock: Clock

  constructor(proposer: Proposer, directory: VNodeDirectory, clock: Clock) {
    this.#proposer = proposer
    this.#directory = directory
    this.#clock = clock
  }

  get vnodes(): readonly VNodeId[] {
    return this.#directory.vnodes
  }

  /** The vNode that a topic of this name belongs to, whether there is one or not. */
  vnodeOfName(name: string): VNodeId {
    return this.#directory.vnodeOf(topicNameHash(name))
  }

  vnodeTime(vnode: VNodeId): number {
    return this.#proposer.vnodeTime(vnode)
  }

  propose(vnode: VNodeId, command: Command): Promise<CommandResult> {
    return this.#proposer.propose(vnode, command, { deadline: this.#deadline() })
  }

  /** `select` sees a state that is lent until it returns. */
  read<Answer>(vnode: VNodeId, select: (state: VNodeState) => Answer): Promise<Answer> {
    const options = { freshness: 'linearizable', deadline: this.#deadline() } as const
    return this.#proposer.read(vnode, options, ({ state }) => select(state))
  }

  /** @throws EG_TOPIC_NOT_FOUND (fix-call) */
  readNamed<Answer>(name: string, select: (topic: TopicEntry, state: VNodeState) => Answer): Promise<Answer> {
    return this.read(this.vnodeOfName(name), (state) => {
      const topic = state.topicNamed(name)
      if (topic === undefined) throw topicNotFound(name)
      return select(topic, state)
    })
  }

  /** @throws EG_TOPIC_NOT_FOUND (fix-call) */
  readTopic<Answer>(id: TopicId, select: (topic: TopicEntry, state: VNodeState) => Answer): Promise<Answer> {
    return this.read(topicBirth(id), (state) => {
      const topic = state.topic(id)
      if (topic === undefined) throw topicNotFound(id)
      return select(topic, state)
    })
  }

  #deadline(): number {
    return this.#clock.now() + callTimeoutMs
  }
}

export function topicNotFound(name: string): Error {
  return codedError('EG_TOPIC_NOT_FOUND', `there is no topic ${name}`, { topic: name })
}
