import {
  type Action,
  type ActionOutcome,
  type Applied,
  type AttendedInput,
  Coordinator,
  defaultCoordinatorSettings,
  type Problem,
  type ReplicaSeat,
  type SegmentReport,
  StoredSweep,
  type TopicId,
  type VNodeId,
  type VNodeState,
} from '@eastguard/ds-rsm'
import { type Clock, type Deferred, deferred, isEastGuardError, type Timer } from '@eastguard/kernel'
import type { BugAlarm } from '../bug-alarm.ts'
import { type ActionComponents, ActionRunner } from './action-runner.ts'

export interface CoordinatorHostSettings {
  /** 32 hex digits. */
  readonly clusterId: string
  readonly self: ReplicaSeat
  readonly reconcileIntervalMs: number
}

export interface CoordinatorHostComponents extends ActionComponents {
  readonly clock: Clock
  readonly bugs: BugAlarm
}

/** Stored segments that one look compares with what their owners know. */
const sweepSegmentsMax = 1_000

// Gives the coordinators of this broker's vNodes a look: at everything, page by page, on a timer, and at what somebody
// waits for after every applied command and every action that has ended. What one look misses the next one finds.
export class CoordinatorHost {
  readonly #settings: CoordinatorHostSettings
  readonly #components: CoordinatorHostComponents
  readonly #runner: ActionRunner
  readonly #coordinators: ReadonlyMap<VNodeId, Coordinator>
  readonly #sweep: StoredSweep
  readonly #watches: Disposable[] = []
  readonly #underWay = new Set<Promise<void>>()
  readonly #settled: Deferred<void> = deferred()
  #pageTimer: Timer | undefined
  #soonTimer: Timer | undefined
  #looking = false
  #stopped = false

  constructor(settings: CoordinatorHostSettings, components: CoordinatorHostComponents) {
    this.#settings = settings
    this.#components = components
    this.#runner = new ActionRunner(components)
    const { vnodes } = components.metadata
    this.#coordinators = new Map(vnodes.map((vnode) => [vnode, new Coordinator(defaultCoordinatorSettings)]))
    this.#sweep = new StoredSweep(() => components.store.segments())
  }

  /**
   * Resolves when every range takes appends, or waits for something that only time or people can change: a full disk
   * must not keep a broker from serving what it has.
   */
  async start(): Promise<void> {
    for (const [vnode, coordinator] of this.#coordinators) {
      this.#watches.push(this.#components.metadata.watch(vnode, (event) => this.#follow(coordinator, event)))
    }
    this.#turnPageLater(0)
    await this.#settled.promise
  }

  get problems(): readonly Problem[] {
    return [...this.#coordinators.values()].flatMap((coordinator) => coordinator.problems)
  }

  /** Ranges that take no appends until time passes or people help. */
  get stuckRangeCount(): number {
    let count = 0
    for (const coordinator of this.#coordinators.values()) count += coordinator.stuckRangeCount
    return count
  }

  /** Starts nothing new. */
  stop(): void {
    this.#stopped = true
    this.#pageTimer?.cancel()
    this.#soonTimer?.cancel()
    for (const watch of this.#watches.splice(0)) watch[Symbol.dispose]()
    this.#settled.resolve()
  }

  /** Stops, and waits for what is under way: the store must be closed before, or its full disk may hold an action. */
  async close(): Promise<void> {
    this.stop()
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  /** Keeps the ranges of this broker as the committed metadata has them. */
  #follow(coordinator: Coordinator, event: Applied): void {
    const { ranges } = this.#components
    if (event.kind === 'present') {
      for (const { row } of event.state.topics()) this.#followTopic(event, row.id)
    } else if (event.result.kind === 'topicDeleted') {
      ranges.removeTopic(event.result.topic)
    } else if (event.result.kind === 'topicCreated') {
      this.#followTopic(event, event.result.topic)
    } else if (event.command.kind === 'rollSegment' || event.command.kind === 'trimRange') {
      const entry = event.state.range(event.command.topic, event.command.range)
      if (entry !== undefined) ranges.follow(entry)
    }
    coordinator.follow(event)
    this.#lookSoon()
  }

  #followTopic({ state }: Applied, topic: TopicId): void {
    for (const entry of state.topic(topic)?.ranges.values() ?? []) this.#components.ranges.follow(entry)
  }

  #turnPageLater(delayMs: number): void {
    if (this.#stopped) return
    this.#pageTimer = this.#components.clock.setTimer(delayMs, () => {
      this.#track(this.#look('page').finally(() => this.#turnPageLater(this.#settings.reconcileIntervalMs)))
    })
  }

  /** At what is attended; many causes of one turn are one look. */
  #lookSoon(): void {
    if (this.#stopped || this.#looking || this.#soonTimer !== undefined) return
    this.#soonTimer = this.#components.clock.setTimer(0, () => {
      this.#soonTimer = undefined
      this.#track(this.#look('attended'))
    })
  }

  async #look(at: 'page' | 'attended'): Promise<void> {
    if (this.#looking || this.#stopped) return
    this.#looking = true
    try {
      const stored = at === 'page' ? this.#sweep.next(sweepSegmentsMax) : undefined
      for (const [vnode, coordinator] of this.#coordinators) {
        if (at === 'page' || coordinator.hasAttended) await this.#plan(vnode, coordinator, stored?.get(vnode) ?? [], at)
      }
    } catch (error) {
      this.#noticeFailure('a look', error)
    }
    this.#looking = false
    this.#noteSettled()
    // Whoever asked during the look has not been seen by it.
    if ([...this.#coordinators.values()].some((coordinator) => coordinator.hasAttended)) this.#lookSoon()
  }

  async #plan(
    vnode: VNodeId,
    coordinator: Coordinator,
    stored: Iterable<SegmentReport>,
    at: 'page' | 'attended',
  ): Promise<void> {
    const actions = await this.#components.metadata.read(vnode, (state) => {
      const input = this.#input(vnode, state)
      return at === 'page' ? coordinator.plan({ ...input, stored }) : coordinator.planAttended(input)
    })
    for (const action of actions) this.#track(this.#carryOut(vnode, coordinator, action))
  }

  #input(vnode: VNodeId, state: VNodeState): AttendedInput {
    const { metadata, store, clock } = this.#components
    const { self, clusterId } = this.#settings
    const vnodeTime = metadata.vnodeTime(vnode)
    const now = clock.now()
    return { state, vnodeTime, wallTime: clock.wallTime(), self, members: [self], clusterId, reports: store, now }
  }

  async #carryOut(vnode: VNodeId, coordinator: Coordinator, action: Action): Promise<void> {
    const { clock } = this.#components
    let outcome: ActionOutcome
    try {
      outcome = await this.#runner.run(vnode, action)
    } catch (error) {
      this.#noticeFailure(action.key, error)
      outcome = { kind: 'failed' }
    }
    coordinator.settled(action, outcome, clock.now())
    this.#noteSettled()
    this.#lookSoon()
  }

  #noticeFailure(what: string, error: unknown): void {
    const { bugs, logger } = this.#components
    if (!isEastGuardError(error)) bugs.notice(error, `coordinator: ${what}`)
    else if (!this.#stopped)
      logger.warn('coordinator action failed', { action: what, code: error.code, error: error.message })
  }

  #noteSettled(): void {
    if (this.#components.ranges.waitingCount <= this.stuckRangeCount) this.#settled.resolve()
  }

  #track(work: Promise<void>): void {
    this.#underWay.add(work)
    void work.finally(() => this.#underWay.delete(work)) // `work` handles its own errors
  }
}
