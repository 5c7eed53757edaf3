import { AbortSource, InvariantError } from '@eastguard/kernel'
import { parseBrokerId, parseRequestId, type RequestId, type TopicId, type VNodeId } from '../src/ids.ts'
import type { Applied, Proposer } from '../src/ports.ts'
import type { CreateTopic } from '../src/vnode/command.ts'
import type { CommandResult } from '../src/vnode/outcome.ts'
import { rejectsWith, same } from './check.ts'

export interface ProposerSubject {
  readonly proposer: Proposer
  /** A vNode that the proposer leads, without topics, that owns the hash of every name. */
  readonly vnode: VNodeId
  /** One that it does not lead. */
  readonly foreign: VNodeId
  /** A moment that every call of a case meets, on the proposer's clock. */
  deadline(): number
  /** Ends this proposer, cleanly or by a crash, and opens the same data again. */
  restart(how: 'clean' | 'crash'): Promise<Proposer>
}

/** One fact about every Proposer. `subject` is fresh for each. */
export interface ProposerCase {
  readonly name: string
  run(subject: ProposerSubject): Promise<void>
}

export const proposerCases: readonly ProposerCase[] = [
  {
    name: 'a proposal settles with the result of applying, and reads that start later see it',
    async run(subject) {
      const topic = createdTopic(await propose(subject, create('a', 1)))
      same(await names(subject), ['a'], 'topics')
      same(await segmentStart(subject, topic), 0, 'the first segment starts at 0')
    },
  },
  {
    name: 'the same request again is answered with the first result, also after a crash',
    async run(subject) {
      const first = await propose(subject, create('a', 1))
      const again = await propose(subject, create('a', 1))
      same([again.kind, createdTopic(again)], ['repeated', createdTopic(first)], 'repeated')
      const proposer = await subject.restart('crash')
      const third = await propose({ ...subject, proposer }, create('a', 1))
      same([third.kind, createdTopic(third)], ['repeated', createdTopic(first)], 'repeated after the crash')
    },
  },
  {
    name: 'a refusal is a result, with its reason, and changes nothing',
    async run(subject) {
      const topic = createdTopic(await propose(subject, create('a', 1)))
      const refused = await propose(subject, create('a', 2))
      same(refused, { kind: 'refused', reason: { kind: 'topicExists', name: 'a', topic } }, 'refusal')
      same(await names(subject), ['a'], 'topics')
    },
  },
  {
    name: 'proposals of one burst apply in their order',
    async run(subject) {
      const burst = Array.from({ length: 50 }, (_, i) => propose(subject, create(`t${i}`, i)))
      const topics = (await Promise.all(burst)).map(createdTopic)
      const ascending = topics.every((topic, i) => i === 0 || (topics[i - 1] ?? '') < (topic ?? ''))
      same(ascending, true, 'ids ascend as they were proposed')
    },
  },
  {
    name: 'what was settled is there after a crash, and so is the place of the last command',
    async run(subject) {
      for (const [i, name] of ['a', 'b', 'c'].entries()) await propose(subject, create(name, i))
      const before = await index(subject)
      const proposer = await subject.restart('crash')
      same(await names({ ...subject, proposer }), ['a', 'b', 'c'], 'topics')
      same((await index({ ...subject, proposer })) >= before, true, 'the applied index does not fall')
    },
  },
  {
    name: 'a watcher gets the present state, then what changes something, in order',
    async run(subject) {
      await propose(subject, create('a', 1))
      const events: string[] = []
      const stop = subject.proposer.watch(subject.vnode, (event) => events.push(describe(event)))
      await index(subject) // the first event does not wait for a command
      await propose(subject, create('b', 2))
      await propose(subject, create('b', 3)) // refused
      await propose(subject, create('b', 2)) // repeated
      await propose(subject, create('c', 4))
      stop[Symbol.dispose]()
      await propose(subject, create('d', 5))
      same(events, ['present a', 'createTopic b', 'createTopic c'], 'events')
    },
  },
  {
    name: 'a watcher hears which segments are gone',
    async run(subject) {
      const { proposer, vnode } = subject
      const topic = createdTopic(await propose(subject, create('a', 1)))
      if (topic === undefined) throw new InvariantError('a topic was created', {})
      const removed: unknown[] = []
      const stop = proposer.watch(vnode, (event) => event.kind === 'applied' && removed.push(event.removed))
      await index(subject)
      const options = { deadline: subject.deadline() }
      const roll = { kind: 'rollSegment', epoch: 1, topic, range: 0, confirmed: [], vnodeTime: 0, wallTime: 0 } as const
      const successor = create('', 0).replicas[0] ?? []
      await proposer.propose(vnode, { ...roll, segment: 0, end: 0, bytes: 0, successor }, options)
      await proposer.propose(vnode, { ...roll, segment: 1, end: 5, bytes: 9, successor }, options)
      await proposer.propose(vnode, { kind: 'trimRange', epoch: 1, topic, range: 0, below: 2 }, options)
      await proposer.propose(vnode, { kind: 'deleteTopic', epoch: 1, topic }, options)
      stop[Symbol.dispose]()
      const span = (from: number, below: number) => [{ topic, range: 0, from, below }]
      same(removed, [span(0, 1), [], span(1, 2), span(2, 3)], 'removed')
    },
  },
  {
    name: 'an aborted or late call says so before it does anything',
    async run(subject) {
      const source = new AbortSource()
      source.abort(undefined)
      const { proposer, vnode } = subject
      const options = { deadline: subject.deadline(), signal: source.signal }
      await rejectsWith(proposer.propose(vnode, create('a', 1), options), 'EG_ABORTED')
      await rejectsWith(proposer.propose(vnode, create('a', 1), { deadline: -1 }), 'EG_TIMEOUT')
      same(await names(subject), [], 'topics')
    },
  },
  {
    name: 'a vNode that is led elsewhere is refused by every verb',
    async run({ proposer, foreign, deadline }) {
      const command = create('a', 1)
      await rejectsWith(proposer.propose(foreign, command, { deadline: deadline() }), 'EG_NOT_COORDINATOR')
      const options = { freshness: 'cached', deadline: deadline() } as const
      await rejectsWith(
        proposer.read(foreign, options, () => undefined),
        'EG_NOT_COORDINATOR',
      )
    },
  },
  {
    name: 'vNode time never falls, over a restart neither',
    async run(subject) {
      const { proposer, vnode } = subject
      const ahead = proposer.vnodeTime(vnode) + 5_000
      await proposer.propose(vnode, { kind: 'advanceTime', vnodeTime: ahead }, { deadline: subject.deadline() })
      same(proposer.vnodeTime(vnode) >= ahead, true, 'a committed time counts')
      const later = await subject.restart('clean')
      same(later.vnodeTime(vnode) >= ahead, true, 'and is the least that a restart starts from')
    },
  },
]

type Asked = Pick<ProposerSubject, 'proposer' | 'vnode' | 'deadline'>

function propose(subject: Asked, command: CreateTopic): Promise<CommandResult> {
  return subject.proposer.propose(subject.vnode, command, { deadline: subject.deadline() })
}

function create(name: string, request: number): CreateTopic {
  const seat = { brokerId: parseBrokerId('b0'.repeat(16)), bootId: 1 }
  return {
    kind: 'createTopic',
    epoch: 1,
    requestId: requestNumber(request),
    name,
    ranges: { kind: 'auto' },
    policy: {
      replicas: 1,
      minReplicas: 1,
      retentionMs: null,
      retentionBytes: null,
      segmentBytes: 2 ** 20,
      segmentAgeMs: null,
    },
    replicas: [[seat]],
    vnodeTime: 0,
    wallTime: 0,
  }
}

function requestNumber(value: number): RequestId {
  return parseRequestId(value.toString(16).padStart(32, '0'))
}

function createdTopic(result: CommandResult): TopicId | undefined {
  return result.kind !== 'refused' && result.result.kind === 'topicCreated' ? result.result.topic : undefined
}

function names(subject: Asked): Promise<string[]> {
  return subject.proposer.read(subject.vnode, linearizable(subject), ({ state }) => [...state.namesFrom('')])
}

function index(subject: Asked): Promise<number> {
  return subject.proposer.read(subject.vnode, linearizable(subject), ({ appliedIndex }) => appliedIndex)
}

function segmentStart(subject: Asked, topic: TopicId | undefined): Promise<number | undefined> {
  return subject.proposer.read(subject.vnode, linearizable(subject), ({ state }) =>
    topic === undefined ? undefined : state.range(topic, 0)?.segments.active.startOffset,
  )
}

function linearizable(subject: Asked): { freshness: 'linearizable'; deadline: number } {
  return { freshness: 'linearizable', deadline: subject.deadline() }
}

function describe(event: Applied): string {
  if (event.kind === 'present') return `present ${[...event.state.namesFrom('')].join()}`
  return event.command.kind === 'createTopic' ? `createTopic ${event.command.name}` : event.command.kind
}
