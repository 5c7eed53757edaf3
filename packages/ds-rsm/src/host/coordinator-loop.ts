import { type Clock, type Deferred, deferred, type Timer } from '@eastguard/kernel'
import type { Action, Problem, StoreRequest } from '../coordinator/action.ts'
import {
  type ActionOutcome,
  type AttendedInput,
  Coordinator,
  type CoordinatorSettings,
  defaultCoordinatorSettings,
} from '../coordinator/coordinator.ts'
import { StoredSweep } from '../coordinator/stored-sweep.ts'
import type { SegmentReport, SegmentReports } from '../coordinator/view.ts'
import type { VNodeId } from '../ids.ts'
import type { Applied, Proposer, VNodeDirectory } from '../ports.ts'
import type { ReplicaSeat } from '../vnode/rows.ts'
import type { VNodeState } from '../vnode/state.ts'

export interface CoordinatorLoopSettings {
  /** 32 hex digits. */
  readonly clusterId: string
  readonly self: ReplicaSeat
  /** Milliseconds between two pages of everything. Price of more: a roll by size is noticed later; of less: idle work. */
  readonly pageIntervalMs: number
  /** Milliseconds that a command or a read may take before it counts as failed. */
  readonly callTimeoutMs: number
}

/** What the loop needs of the broker around it. */
export interface CoordinatorSurroundings {
  readonly reports: SegmentReports & { segments(): Iterable<SegmentReport> }
  /** Ranges of this broker that take no appends at the moment. */
  readonly waitingRangeCount: number
  /** A watch event, before the coordinator judges what follows from it. */
  follow(event: Applied): void
  /** @throws whatever went wrong: the request will be wanted again */
  perform(request: StoreRequest): Promise<ActionOutcome>
  /** Something failed, or was not expected at all; not called for what a stop causes. */
  failed(what: string, error: unknown): void
}

export interface CoordinatorLoopComponents {
  readonly proposer: Proposer
  readonly directory: VNodeDirectory
  readonly clock: Clock
  readonly surroundings: CoordinatorSurroundings
}

/** Stored segments that one page compares with what their owners know. */
const sweepSegmentsMax = 1_000

/**
 * Gives the coordinators of this broker's vNodes a look: at everything, page by page, on a timer, and at what somebody
 * waits for after every applied command and every action that has ended. What one look misses the next one finds.
 */
export class CoordinatorLoop implements AsyncDisposable {
  readonly #settings: CoordinatorLoopSettings
  readonly #with: CoordinatorLoopComponents
  readonly #coordinators: ReadonlyMap<VNodeId, Coordinator>
  readonly #sweep: StoredSweep
  readonly #watches: Disposable[] = []
  readonly #underWay = new Set<Promise<void>>()
  readonly #settled: Deferred<void> = deferred()
  #pageTimer: Timer | undefined
  #soonTimer: Timer | undefined
  #looking = false
  #stopped = false

  constructor(
    settings: CoordinatorLoopSettings,
    components: CoordinatorLoopComponents,
    plans: CoordinatorSettings = defaultCoordinatorSettings,
  ) {
    this.#settings = settings
    this.#with = components
    this.#coordinators = new Map(components.directory.vnodes.map((vnode) => [vnode, new Coordinator(plans)]))
    this.#sweep = new StoredSweep(() => components.surroundings.reports.segments())
  }

  /**
   * Resolves when every range takes appends, or waits for something that only time or people can change: a full disk
   * must not keep a broker from serving what it has.
   */
  async start(): Promise<void> {
    const { proposer, surroundings } = this.#with
    for (const [vnode, coordinator] of this.#coordinators) {
      const watch = proposer.watch(vnode, (event) => {
        surroundings.follow(event)
        coordinator.follow(event)
        this.#lookSoon()
      })
      this.#watches.push(watch)
    }
    this.#turnPageIn(0)
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

  /** Starts nothing new. Idempotent. */
  stop(): void {
    this.#stopped = true
    this.#pageTimer?.cancel()
    this.#soonTimer?.cancel()
    for (const watch of this.#watches.splice(0)) watch[Symbol.dispose]()
    this.#settled.resolve()
  }

  /** Stops, and waits for what is under way: whatever could hold that, a store on a full disk, must be closed before. */
  async close(): Promise<void> {
    this.stop()
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #turnPageIn(delayMs: number): void {
    if (this.#stopped) return
    this.#pageTimer = this.#with.clock.setTimer(delayMs, () => {
      this.#track(this.#look('page').finally(() => this.#turnPageIn(this.#settings.pageIntervalMs)))
    })
  }

  /** At what is attended; many causes of one turn are one look. */
  #lookSoon(): void {
    if (this.#stopped || this.#looking || this.#soonTimer !== undefined) return
    this.#soonTimer = this.#with.clock.setTimer(0, () => {
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
      if (!this.#stopped) this.#with.surroundings.failed('a look', error)
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
    const options = { freshness: 'linearizable', deadline: this.#deadline() } as const
    const actions = await this.#with.proposer.read(vnode, options, ({ state }) => {
      const input = this.#input(vnode, state)
      return at === 'page' ? coordinator.plan({ ...input, stored }) : coordinator.planAttended(input)
    })
    for (const action of actions) this.#track(this.#carryOut(vnode, coordinator, action))
  }

  #input(vnode: VNodeId, state: VNodeState): AttendedInput {
    const { proposer, clock, surroundings } = this.#with
    const { self, clusterId } = this.#settings
    const vnodeTime = proposer.vnodeTime(vnode)
    const [wallTime, now] = [clock.wallTime(), clock.now()]
    return { state, vnodeTime, wallTime, self, members: [self], clusterId, reports: surroundings.reports, now }
  }

  async #carryOut(vnode: VNodeId, coordinator: Coordinator, action: Action): Promise<void> {
    let outcome: ActionOutcome
    try {
      outcome = action.kind === 'command' ? await this.#propose(vnode, action) : await this.#perform(action)
    } catch (error) {
      if (!this.#stopped) this.#with.surroundings.failed(action.key, error)
      outcome = { kind: 'failed' }
    }
    coordinator.settled(action, outcome, this.#with.clock.now())
    this.#noteSettled()
    this.#lookSoon()
  }

  #perform(action: Action & { readonly kind: 'request' }): Promise<ActionOutcome> {
    return this.#with.surroundings.perform(action.request)
  }

  /** A refusal means that somebody was faster, a deletion or a trim: the next look sees the new state. */
  async #propose(vnode: VNodeId, action: Action & { readonly kind: 'command' }): Promise<ActionOutcome> {
    const result = await this.#with.proposer.propose(vnode, action.command, { deadline: this.#deadline() })
    return { kind: result.kind === 'refused' ? 'failed' : 'done' }
  }

  #noteSettled(): void {
    if (this.#with.surroundings.waitingRangeCount <= this.stuckRangeCount) this.#settled.resolve()
  }

  #deadline(): number {
    return this.#with.clock.now() + this.#settings.callTimeoutMs
  }

  #track(work: Promise<void>): void {
    this.#underWay.add(work)
    void work.finally(() => this.#underWay.delete(work)) // `work` handles its own errors
  }
}
