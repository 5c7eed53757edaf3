import { invariant } from '@eastguard/kernel'
import { parseSegmentName, type SegmentId, type TopicId } from '../ids.ts'
import type { TopicEntry } from '../vnode/state.ts'
import type { Action, Findings, Problem } from './action.ts'
import { reconcile, reconcileRange } from './reconcile.ts'
import type { CoordinatorView, FenceAnswer, SegmentReport } from './view.ts'

/** Numbers that an operator may move. */
export interface CoordinatorSettings {
  /** Ranges that one plan looks at. Price of more: a longer step; of less: more plans until all have been seen. */
  readonly planRangesMax: number
  /** Actions that one plan gives. Price of more: bursts after a restart; of less: slower recovery. */
  readonly planActionsMax: number
  /** Actions that are under way at once. Price of more: memory, and competition with produce. */
  readonly inflightActionsMax: number
  /** Milliseconds before an action that failed is tried again. */
  readonly retryDelayMs: number
  /** Problems that are remembered for `status`; more are not shown. */
  readonly problemsMax: number
}

export const defaultCoordinatorSettings: CoordinatorSettings = {
  planRangesMax: 1_024,
  planActionsMax: 1_024,
  inflightActionsMax: 4_096,
  retryDelayMs: 1_000,
  problemsMax: 1_000,
}

export type ActionOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed' }
  | { readonly kind: 'fenced'; readonly answer: FenceAnswer }

/** A view without what the coordinator itself remembers. `now` is the clock's, for waiting after failures. */
export type PlanInput = Omit<CoordinatorView, 'fences'> & {
  readonly now: number
  readonly stored: Iterable<SegmentReport>
}

/**
 * The coordinator of one vNode: pages through `reconcile`, and remembers what the state cannot say: what is under way, how
 * fences were answered, what failed a moment ago. All of it may be lost at any time; a new one starts from the state.
 *
 * The host calls `plan` on a timer and on events, carries the actions out in any order, and reports each with `settled`.
 */
export class Coordinator {
  readonly #settings: CoordinatorSettings
  readonly #inflight = new Set<string>()
  readonly #notBefore = new Map<string, number>()
  readonly #fences = new Map<SegmentId, FenceAnswer>()
  readonly #attention = new Map<string, { readonly topic: TopicId; readonly range: number }>()
  readonly #problems = new Map<string, Problem>()
  #lastName: string | undefined

  constructor(settings: CoordinatorSettings) {
    this.#settings = settings
  }

  /** What keeps ranges or files waiting, as far as plans have seen. */
  get problems(): readonly Problem[] {
    return [...this.#problems.values()]
  }

  get inflightCount(): number {
    return this.#inflight.size
  }

  /** Looks at this range first, in the next plan: somebody waits for it. */
  attend(topic: TopicId, range: number): void {
    if (this.#attention.size < this.#settings.planRangesMax) this.#attention.set(`${topic}-${range}`, { topic, range })
  }

  /** The next page of what is to be done. Its actions are under way until `settled`. */
  plan(input: PlanInput): readonly Action[] {
    const view: CoordinatorView = { ...input, fences: this.#fences }
    this.#forgetOld(view, input.now)
    const topics = this.#nextTopics(view)
    const urgent = this.#urgent(view)
    const found = reconcile(view, topics, input.stored)
    this.#remember(topics, found)
    const actions: Action[] = []
    for (const action of [...urgent, ...found.actions]) {
      if (actions.length === this.#settings.planActionsMax) break
      if (this.#inflight.size === this.#settings.inflightActionsMax) break
      if (this.#inflight.has(action.key) || this.#notBefore.has(action.key)) continue
      this.#inflight.add(action.key)
      actions.push(action)
    }
    return actions
  }

  /** Each action exactly once, whatever became of it; what is still wanted comes again in a later plan. */
  settled(action: Action, outcome: ActionOutcome, now: number): void {
    invariant(this.#inflight.delete(action.key), 'an action settles once', { key: action.key })
    if (outcome.kind === 'failed') this.#notBefore.set(action.key, now + this.#settings.retryDelayMs)
    if (action.kind === 'request') {
      if (outcome.kind === 'fenced') this.#fences.set(action.request.segment, outcome.answer)
      return
    }
    // What follows a roll (seal the old, create the new) is somebody's wait.
    if (action.command.kind === 'rollSegment') this.attend(action.command.topic, action.command.range)
  }

  #urgent(view: CoordinatorView): Action[] {
    const actions: Action[] = []
    for (const { topic, range } of this.#attention.values()) {
      const entry = view.state.topic(topic)
      const found = entry?.ranges.get(range)
      if (entry !== undefined && found !== undefined) actions.push(...reconcileRange(view, entry, found).actions)
    }
    this.#attention.clear()
    return actions
  }

  /** Goes on by name where the last plan stopped, and starts again at the end. */
  #nextTopics(view: CoordinatorView): TopicEntry[] {
    const topics: TopicEntry[] = []
    let ranges = 0
    for (const name of view.state.namesFrom(this.#lastName ?? '')) {
      if (name === this.#lastName) continue
      if (ranges >= this.#settings.planRangesMax) return topics
      const topic = view.state.topicNamed(name)
      if (topic === undefined) continue
      topics.push(topic)
      ranges += topic.ranges.size
      this.#lastName = name
    }
    this.#lastName = undefined
    return topics
  }

  #remember(topics: readonly TopicEntry[], found: Findings): void {
    for (const { row, ranges } of topics) {
      for (const range of ranges.keys()) this.#problems.delete(`${row.id}-${range}`)
    }
    for (const problem of found.problems) {
      if (this.#problems.size < this.#settings.problemsMax) this.#problems.set(problem.key, problem)
    }
  }

  /** Answers whose segment has been rolled or is gone, waits that are over, problems of what was deleted. */
  #forgetOld(view: CoordinatorView, now: number): void {
    for (const [key, until] of this.#notBefore) if (until <= now) this.#notBefore.delete(key)
    for (const segment of this.#fences.keys()) if (!isActive(view, segment)) this.#fences.delete(segment)
    for (const [key, problem] of this.#problems) if (isOver(view, problem)) this.#problems.delete(key)
  }
}

function isActive(view: CoordinatorView, segment: SegmentId): boolean {
  const { topic, range, segment: number } = parseSegmentName(segment)
  return view.state.range(topic, range)?.segments.active.segment === number
}

function isOver(view: CoordinatorView, problem: Problem): boolean {
  switch (problem.kind) {
    case 'suspect':
      return !isActive(view, problem.segment)
    case 'noPlacement':
      return view.state.range(problem.topic, problem.range) === undefined
    case 'notMinted':
      return view.reports.status(problem.segment) === undefined
  }
}
