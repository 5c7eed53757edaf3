import {
  type Action,
  apply,
  assertInvariants,
  type Command,
  type CommandResult,
  Coordinator,
  type CoordinatorSettings,
  defaultCoordinatorSettings,
  type FenceAnswer,
  formatSegmentId,
  type PlanInput,
  type SegmentId,
  type SegmentReport,
  type VNodeState,
} from '../src/index.ts'
import { removedSegments } from '../src/vnode/rows.ts'
import { emptyState, seat } from './fixtures.ts'

const clusterId = 'c1'.repeat(16)

/** One broker's store, as far as the coordinator can tell: what a request does to it, and what a restart does. */
export class FakeStore {
  readonly segments = new Map<SegmentId, { start: number; state: SegmentReport['state']; records: number }>()
  statusCount = 0

  status(segment: SegmentId): SegmentReport | undefined {
    this.statusCount++
    const found = this.segments.get(segment)
    return found && { id: segment, state: found.state, bytes: found.records * 100 }
  }

  all(): SegmentReport[] {
    return [...this.segments.keys()].flatMap((segment) => this.status(segment) ?? [])
  }

  append(segment: SegmentId, records: number): void {
    const found = this.segments.get(segment)
    if (found?.state === 'open') found.records += records
  }

  /** Empty segments leave no trace; the others are fenced at what they have. */
  restart(): void {
    for (const [segment, found] of this.segments) {
      if (found.records === 0) this.segments.delete(segment)
      else if (found.state === 'open') found.state = 'fenced'
    }
  }

  perform(action: Extract<Action, { kind: 'request' }>): FenceAnswer | undefined {
    const { request } = action
    const found = this.segments.get(request.segment)
    switch (request.kind) {
      case 'create':
        if (found === undefined)
          this.segments.set(request.segment, { start: request.startOffset, state: 'open', records: 0 })
        return undefined
      case 'fence':
        if (found === undefined) return { kind: 'noTrace' }
        if (found.state === 'open') found.state = 'fenced'
        return { kind: 'end', offset: found.start + found.records }
      case 'seal':
        if (found === undefined) throw new Error('sealed without trace')
        if (found.start + found.records !== request.end) throw new Error(`sealed at ${request.end}, not at what it has`)
        found.state = 'sealed'
        return undefined
      case 'forget':
        this.segments.delete(request.segment)
        return undefined
    }
  }
}

/** A vNode, a store and their coordinator; `run` lets them come to rest. */
export class World {
  readonly state: VNodeState = emptyState()
  readonly store = new FakeStore()
  coordinator: Coordinator
  bootId = 1
  now = 0

  constructor(settings: Partial<CoordinatorSettings> = {}) {
    this.coordinator = new Coordinator({ ...defaultCoordinatorSettings, ...settings })
  }

  /** Applies, and tells the coordinator of it as a watch would, unless nobody does. */
  apply(command: Command, how: { readonly told: boolean } = { told: true }): CommandResult {
    const { outcome, writes } = apply(this.state, command)
    if (how.told && outcome.kind === 'applied') {
      const removed = removedSegments(writes)
      this.coordinator.follow({
        kind: 'applied',
        state: this.state,
        appliedIndex: 0,
        command,
        result: outcome.result,
        removed,
      })
    }
    return outcome
  }

  input(): PlanInput {
    const self = { ...seat, bootId: this.bootId }
    const times = { now: this.now, vnodeTime: this.now, wallTime: 0 }
    const reports = { status: (segment: SegmentId) => this.store.status(segment) }
    return { state: this.state, self, members: [self], clusterId, reports, stored: this.store.all(), ...times }
  }

  /** @returns plans that gave something to do */
  run(plansMax = 200): number {
    let busy = 0
    for (let idle = 0; idle < 3; ) {
      const actions = this.coordinator.plan(this.input())
      for (const action of actions) this.perform(action)
      idle = actions.length === 0 ? idle + 1 : 0
      busy += actions.length === 0 ? 0 : 1
      if (busy > plansMax) throw new Error('it does not come to rest')
    }
    return busy
  }

  /** As long as somebody waits, without the timer's plan. @returns what each plan gave */
  runAttended(plansMax = 200): string[][] {
    const plans: string[][] = []
    while (this.coordinator.hasAttended) {
      const actions = this.coordinator.planAttended(this.input())
      plans.push(actions.map((action) => action.key))
      for (const action of actions) this.perform(action)
      if (plans.length > plansMax) throw new Error('it does not come to rest')
    }
    return plans
  }

  perform(action: Action): void {
    if (action.kind === 'command') {
      const outcome = this.apply(action.command)
      this.coordinator.settled(action, { kind: outcome.kind === 'refused' ? 'failed' : 'done' }, this.now)
      return
    }
    const answer = this.store.perform(action)
    this.coordinator.settled(action, answer === undefined ? { kind: 'done' } : { kind: 'fenced', answer }, this.now)
  }

  /** The process dies and comes back; what the coordinator remembered is gone. */
  restart(): void {
    this.bootId++
    this.store.restart()
    this.coordinator = new Coordinator(defaultCoordinatorSettings)
  }

  /** What the store would hold at rest: active segments open, at this boot, sealed ones sealed, and nothing else. */
  wanted(): Map<SegmentId, string> {
    assertInvariants(this.state)
    const expected = new Map<SegmentId, string>()
    for (const topic of this.state.topics()) {
      for (const { segments } of topic.ranges.values()) {
        for (let i = 0; i < segments.count; i++) {
          const row = segments.at(i)
          const fresh = row.replicas[0]?.bootId === this.bootId
          expected.set(formatSegmentId(row), row.state === 'sealed' ? 'sealed' : fresh ? 'open' : 'of an older boot')
        }
      }
    }
    return expected
  }

  stored(): Map<SegmentId, string> {
    return new Map([...this.store.segments].map(([segment, { state }]) => [segment, state]))
  }
}
