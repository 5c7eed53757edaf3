import {
  type Action,
  type ActionOutcome,
  type Applied,
  Coordinator,
  type CoordinatorSettings,
  defaultCoordinatorSettings,
  type FenceAnswer,
  type Problem,
  parseSegmentName,
  type ReplicaSeat,
  type SegmentId,
  type SegmentReport,
  StoredSweep,
  type StoreRequest,
  type TopicId,
  type VNodeId,
} from '@eastguard/ds-rsm'
import { type Clock, type Deferred, deferred, type Logger, type Timer } from '@eastguard/kernel'
import { codedError } from '@eastguard/protocol'
import type { SegmentStore } from '@eastguard/segment-store'
import type { LocalRanges } from '../records/local-ranges.ts'
import { describePlace } from '../records/place.ts'
import type { Metadata } from './metadata.ts'

export interface CoordinatorHostSettings {
  /** 32 hex digits. */
  readonly clusterId: string
  readonly self: ReplicaSeat
  readonly reconcileIntervalMs: number
}

export interface CoordinatorHostComponents {
  readonly metadata: Metadata
  readonly store: SegmentStore
  readonly ranges: LocalRanges
  readonly clock: Clock
  readonly logger: Logger
}

/** Stored segments that one look compares with what their owners know. */
const sweepSegmentsMax = 1_000

// Carries out what the coordinators of this broker's vNodes decide, on the local store, and feeds the answers back. It
// looks on a timer, after every applied command and after every action that has ended; what one look misses the next
// one finds.
export class CoordinatorHost {
  readonly #settings: CoordinatorHostSettings
  readonly #components: CoordinatorHostComponents
  readonly #coordinators: ReadonlyMap<VNodeId, Coordinator>
  readonly #plans: CoordinatorSettings
  readonly #sweep: StoredSweep
  #quietLooks = 0
  readonly #watches: Disposable[] = []
  readonly #underWay = new Set<Promise<void>>()
  #timer: Timer | undefined
  #nextLookAt = Number.POSITIVE_INFINITY
  #looking = false
  #closed = false
  #settled: Deferred<void> | undefined

  constructor(
    settings: CoordinatorHostSettings,
    components: CoordinatorHostComponents,
    plans: CoordinatorSettings = defaultCoordinatorSettings,
  ) {
    this.#settings = settings
    this.#components = components
    this.#plans = plans
    this.#coordinators = new Map(components.metadata.vnodes.map((vnode) => [vnode, new Coordinator(plans)]))
    this.#sweep = new StoredSweep(() => components.store.segments())
  }

  /**
   * Resolves when every range takes appends, or waits for something that only time or people can change: a full disk
   * must not keep a broker from serving what it has.
   */
  async start(): Promise<void> {
    const { metadata } = this.#components
    for (const vnode of metadata.vnodes) {
      this.#watches.push(metadata.watch(vnode, (event) => this.#follow(vnode, event)))
    }
    this.#settled = deferred()
    this.#lookSoon()
    await this.#settled.promise
  }

  get problems(): readonly Problem[] {
    return [...this.#coordinators.values()].flatMap((coordinator) => coordinator.problems)
  }

  /** Starts nothing new. */
  stop(): void {
    if (this.#closed) return
    this.#closed = true
    this.#timer?.cancel()
    for (const watch of this.#watches) watch[Symbol.dispose]()
    this.#settled?.resolve()
  }

  /** Stops, and waits for what is under way: the store must be closed before, or its full disk may hold an action. */
  async close(): Promise<void> {
    this.stop()
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  /** Keeps the ranges of this broker as the committed metadata has them. */
  #follow(vnode: VNodeId, event: Applied): void {
    const { ranges } = this.#components
    if (event.kind === 'present') {
      for (const { row } of event.state.topics()) this.#followTopic(event, row.id)
    } else if (event.result.kind === 'topicDeleted') {
      ranges.removeTopic(event.result.topic)
    } else if (event.result.kind === 'topicCreated') {
      this.#followTopic(event, event.result.topic)
    } else if (event.command.kind === 'rollSegment' || event.command.kind === 'trimRange') {
      const { topic, range } = event.command
      const entry = event.state.range(topic, range)
      if (entry !== undefined) ranges.follow(entry)
      this.#coordinators.get(vnode)?.attend(topic, range)
    }
    this.#lookSoon()
  }

  #followTopic({ state }: Applied, topic: TopicId): void {
    for (const entry of state.topic(topic)?.ranges.values() ?? []) this.#components.ranges.follow(entry)
  }

  #lookSoon(): void {
    this.#lookIn(0)
  }

  #lookIn(delayMs: number): void {
    const { clock } = this.#components
    const at = clock.now() + delayMs
    if (this.#closed || this.#looking || at >= this.#nextLookAt) return
    this.#timer?.cancel()
    this.#nextLookAt = at
    this.#timer = clock.setTimer(delayMs, () => this.#track(this.#look()))
  }

  async #look(): Promise<void> {
    this.#nextLookAt = Number.POSITIVE_INFINITY
    this.#looking = true
    let found = 0
    try {
      const stored = this.#sweep.next(sweepSegmentsMax)
      for (const [vnode, coordinator] of this.#coordinators) {
        found += await this.#plan(vnode, coordinator, stored.get(vnode) ?? [])
      }
    } catch (error) {
      if (!this.#closed) this.#components.logger.warn('coordinator could not look', { error: String(error) })
    }
    this.#looking = false
    this.#noteSettled(found)
    // What a full plan has left over is next; otherwise the end of each action looks again.
    this.#lookIn(found > 0 ? 0 : this.#settings.reconcileIntervalMs)
  }

  async #plan(vnode: VNodeId, coordinator: Coordinator, stored: Iterable<SegmentReport>): Promise<number> {
    const { metadata, store, clock } = this.#components
    const { self, clusterId } = this.#settings
    const actions = await metadata.read(vnode, (state) =>
      coordinator.plan({
        state,
        vnodeTime: metadata.vnodeTime(vnode),
        wallTime: clock.wallTime(),
        self,
        members: [self],
        clusterId,
        reports: store,
        now: clock.now(),
        stored,
      }),
    )
    for (const action of actions) this.#track(this.#carryOut(vnode, coordinator, action))
    return actions.length
  }

  async #carryOut(vnode: VNodeId, coordinator: Coordinator, action: Action): Promise<void> {
    const { logger, clock } = this.#components
    let outcome: ActionOutcome
    try {
      outcome = action.kind === 'command' ? await this.#propose(vnode, action) : await this.#ask(action.request)
    } catch (error) {
      if (!this.#closed) logger.warn('coordinator action failed', { action: action.key, error: String(error) })
      outcome = { kind: 'failed' }
    }
    coordinator.settled(action, outcome, clock.now())
    if (outcome.kind !== 'failed') this.#lookSoon()
  }

  async #propose(vnode: VNodeId, action: Action & { readonly kind: 'command' }): Promise<ActionOutcome> {
    const result = await this.#components.metadata.propose(vnode, action.command)
    if (result.kind !== 'refused') return { kind: 'done' }
    // Somebody was faster (a deletion, a trim): the next look sees the new state.
    this.#components.logger.debug('coordinator command refused', { action: action.key, reason: result.reason.kind })
    return { kind: 'failed' }
  }

  async #ask(request: StoreRequest): Promise<ActionOutcome> {
    const { store, ranges } = this.#components
    switch (request.kind) {
      case 'create': {
        store.create(request.segment, request.startOffset, request.prelude)
        const { topic, range } = parseSegmentName(request.segment)
        ranges.find(topic, range)?.log.open(request.segment)
        return { kind: 'done' }
      }
      case 'fence':
        return { kind: 'fenced', answer: await this.#fence(request.segment) }
      case 'seal': {
        await store.seal(request.segment, request.end)
        // A copy that had restarted serves what it knew to be committed until it learns its end, which is now.
        const { topic, range } = parseSegmentName(request.segment)
        ranges.find(topic, range)?.log.wakeReaders()
        return { kind: 'done' }
      }
      case 'forget':
        await store.forget(request.segment)
        return { kind: 'done' }
    }
  }

  async #fence(segment: SegmentId): Promise<FenceAnswer> {
    const { store, ranges } = this.#components
    const { topic, range } = parseSegmentName(segment)
    const log = ranges.find(topic, range)?.log
    // In the turn of the fence: from here on batches wait for the successor, and the fence refuses nobody.
    log?.beginRoll()
    const answer = await store.fence(segment)
    if (answer.kind === 'suspect') {
      const place = describePlace(answer.place)
      log?.refuse(codedError('EG_DAMAGED', `segment ${segment} may lack records, its range takes no appends: ${place}`))
    }
    return answer
  }

  #noteSettled(found: number): void {
    const { ranges } = this.#components
    const stuck = this.problems.filter(({ kind }) => kind !== 'notMinted').length
    // The look itself is under way while it notes this.
    this.#quietLooks = found === 0 && this.#underWay.size <= 1 ? this.#quietLooks + 1 : 0
    const looksOfARound = Math.ceil(ranges.count / this.#plans.planRangesMax) + 1
    if (ranges.waitingCount <= stuck || this.#quietLooks >= looksOfARound) this.#settled?.resolve()
  }

  #track(work: Promise<void>): void {
    this.#underWay.add(work)
    void work.finally(() => this.#underWay.delete(work)) // `work` handles its own errors
  }
}
