import { invariant } from '@eastguard/kernel'
import { formatSegmentId, type SegmentId, segmentNameOf, type TopicId } from '../ids.ts'
import type { Applied } from '../ports.ts'
import type { RangeEntry, TopicEntry } from '../vnode/state.ts'
import type { Action, Findings, Problem } from './action.ts'
import { Attention } from './attention.ts'
import { RangePages } from './range-pages.ts'
import { type ActivePlace, RangeTroubles } from './range-troubles.ts'
import { reconcileRange, reconcileStored } from './reconcile.ts'
import { ReleasedSegments } from './released-segments.ts'
import type { CoordinatorView, FenceAnswer, SegmentReport } from './view.ts'

/** Numbers that an operator may move. */
export interface CoordinatorSettings {
  /**
   * Ranges that one plan looks at: as many attended ones, and a page of as many. Price of more: a longer step; of less: more
   * plans until all have been seen.
   */
  readonly planRangesMax: number
  /** Actions that one plan gives. Price of more: bursts after a restart; of less: slower recovery. */
  readonly planActionsMax: number
  /** Actions that are under way at once. Price of more: memory, and competition with produce. */
  readonly inflightActionsMax: number
  /** Milliseconds before an action that failed is tried again. */
  readonly retryDelayMs: number
  /** Problems that `problems` shows. Price of more: a longer answer to `status`. */
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
export type AttendedInput = Omit<CoordinatorView, 'fences'> & { readonly now: number }

/** `stored`: a page of the store's segments (`StoredSweep`). */
export type PlanInput = AttendedInput & { readonly stored: Iterable<SegmentReport> }

/** One plan in the making. */
interface Look {
  readonly view: CoordinatorView
  readonly now: number
  readonly actions: Action[]
}

/**
 * The coordinator of one vNode: goes through its ranges with `reconcileRange`, and remembers what the state cannot say:
 * what is under way, how fences were answered, what failed a moment ago. All of it may be lost at any time; a new one
 * starts from the state.
 *
 * The host tells it what has been applied (`follow`), calls `planAttended` while `hasAttended`, and `plan` on a timer,
 * carries the actions out in any order, and reports each with `settled`.
 *
 * ```
 *   plan            attended ranges · released segments · the next page of all ranges · a page of the store
 *   planAttended    attended ranges · released segments
 * ```
 */
export class Coordinator {
  readonly #settings: CoordinatorSettings
  readonly #inflight = new Set<string>()
  readonly #notBefore = new Map<string, number>()
  readonly #fences = new Map<SegmentId, FenceAnswer>()
  readonly #pages = new RangePages()
  readonly #attention = new Attention()
  readonly #released = new ReleasedSegments()
  readonly #troubles = new RangeTroubles()
  readonly #notMinted = new Map<SegmentId, Problem>()
  /** Emptied after each use: a range at rest costs no memory. */
  readonly #found: Findings = { actions: [], problems: [] }

  constructor(settings: CoordinatorSettings) {
    this.#settings = settings
  }

  /** What keeps ranges or files waiting, as far as plans have seen; `problemsMax` of them. */
  get problems(): readonly Problem[] {
    const problems: Problem[] = []
    for (const problem of this.#allProblems()) {
      if (problems.length === this.#settings.problemsMax) break
      problems.push(problem)
    }
    return problems
  }

  /**
   * Ranges that take no appends until time passes or people help, as far as plans have seen: their end is suspect, they
   * have no place to go on, or the last thing that their active segment needed has failed and not succeeded since.
   */
  get stuckRangeCount(): number {
    return this.#troubles.stuckCount
  }

  get inflightCount(): number {
    return this.#inflight.size
  }

  /** Whether `planAttended` would look at anything now. */
  get hasAttended(): boolean {
    if (this.#inflight.size >= this.#settings.inflightActionsMax) return false
    return !this.#attention.isEmpty || !this.#released.isEmpty
  }

  /** Looks at this range first, in the next plan: somebody waits for it. */
  attend(topic: TopicId, range: number): void {
    this.#attention.attend(topic, range)
  }

  /** The same for every range of a topic, over as many plans as it takes. */
  attendTopic(topic: TopicId): void {
    this.#attention.attendTopic(topic)
  }

  /** What a watch of this vNode says: attends what it concerns, and lets go of what it removed. */
  follow(event: Applied): void {
    if (event.kind === 'present') {
      for (const { row } of event.state.topics()) this.attendTopic(row.id)
      return
    }
    for (const span of event.removed) this.#released.add(span)
    const { command, result } = event
    if (result.kind === 'topicCreated' || result.kind === 'topicAltered') this.attendTopic(result.topic)
    else if (result.kind === 'topicDeleted') this.#troubles.forgetTopic(result.topic)
    else if (command.kind === 'rollSegment' || command.kind === 'trimRange') this.attend(command.topic, command.range)
  }

  /** What is to be done for ranges that somebody waits for, and nothing else. Under way until `settled`. */
  planAttended(input: AttendedInput): readonly Action[] {
    if (!this.hasAttended) return []
    const look: Look = { view: { ...input, fences: this.#fences }, now: input.now, actions: [] }
    this.#lookAtAttended(look)
    this.#lookAtReleased(look)
    return look.actions
  }

  /** The same, and the next page of everything. */
  plan(input: PlanInput): readonly Action[] {
    const look: Look = { view: { ...input, fences: this.#fences }, now: input.now, actions: [] }
    this.#forgetOld(look)
    this.#lookAtAttended(look)
    this.#lookAtReleased(look)
    this.#turnPage(look)
    for (const report of input.stored) this.#lookAtStored(look, report)
    return look.actions
  }

  /** Each action exactly once, whatever became of it; what is still wanted comes again in a later plan. */
  settled(action: Action, outcome: ActionOutcome, now: number): void {
    invariant(this.#inflight.delete(action.key), 'an action settles once', { key: action.key })
    const failed = outcome.kind === 'failed'
    if (failed) this.#notBefore.set(action.key, now + this.#settings.retryDelayMs)
    const place = neededBy(action)
    if (place !== undefined) {
      if (failed) this.#troubles.failed(place)
      else this.#troubles.succeeded(place)
    }
    if (action.kind === 'request' && outcome.kind === 'fenced') {
      this.#fences.set(action.request.segment, outcome.answer)
    }
    // What follows a fence or a roll is somebody's wait; after a failure the range may have moved on or be gone.
    if (place !== undefined && (failed || !isCreate(action))) this.attend(place.topic, place.range)
  }

  #lookAtAttended(look: Look): void {
    const { state } = look.view
    for (let count = 0; count < this.#settings.planRangesMax && this.#hasRoom(look); count++) {
      const next = this.#attention.next(state)
      if (next === undefined) return
      const topic = state.topic(next.topic)
      const range = topic?.ranges.get(next.range)
      if (topic !== undefined && range !== undefined) this.#lookAtRange(look, topic, range)
      else this.#troubles.forgetTopic(next.topic)
    }
  }

  /** What committed commands have removed, without waiting until the sweep comes by. */
  #lookAtReleased(look: Look): void {
    for (let count = 0; count < this.#settings.planRangesMax && this.#hasRoom(look); count++) {
      const name = this.#released.next()
      if (name === undefined) return
      const report = look.view.reports.status(formatSegmentId(name))
      if (report !== undefined) this.#lookAtStored(look, report)
    }
  }

  /** Goes on where the last plan stopped. */
  #turnPage(look: Look): void {
    if (!this.#hasRoom(look)) return
    const lookAt = (topic: TopicEntry, range: RangeEntry): boolean => {
      this.#lookAtRange(look, topic, range)
      return this.#hasRoom(look)
    }
    const hasEnded = this.#pages.turn(look.view.state, this.#settings.planRangesMax, lookAt)
    if (hasEnded) this.#forgetFences(look.view)
  }

  #lookAtRange(look: Look, topic: TopicEntry, range: RangeEntry): void {
    const found = this.#found
    reconcileRange(look.view, topic.row, range, found)
    const [problem] = found.problems
    if (problem !== undefined || !this.#troubles.isEmpty) {
      this.#troubles.looked(range.segments.active, problem?.kind === 'notMinted' ? undefined : problem)
    }
    const fits = found.actions.every((action) => this.#start(look, action))
    if (!fits) this.attend(topic.row.id, range.row.range)
    this.#clearFound()
  }

  #lookAtStored(look: Look, report: SegmentReport): void {
    const found = this.#found
    reconcileStored(look.view, report, found)
    for (const problem of found.problems) {
      if (this.#notMinted.size < this.#settings.problemsMax) this.#notMinted.set(report.id, problem)
    }
    for (const action of found.actions) this.#start(look, action) // what does not fit the next sweep finds
    this.#clearFound()
  }

  /** @returns false when there is no room for it */
  #start(look: Look, action: Action): boolean {
    if (this.#inflight.has(action.key) || this.#isTooSoon(action.key, look.now)) return true
    if (!this.#hasRoom(look)) return false
    this.#inflight.add(action.key)
    look.actions.push(action)
    return true
  }

  #hasRoom(look: Look): boolean {
    const { planActionsMax, inflightActionsMax } = this.#settings
    return look.actions.length < planActionsMax && this.#inflight.size < inflightActionsMax
  }

  #isTooSoon(key: string, now: number): boolean {
    const until = this.#notBefore.get(key)
    return until !== undefined && until > now
  }

  #clearFound(): void {
    this.#found.actions.length = 0
    this.#found.problems.length = 0
  }

  *#allProblems(): Generator<Problem> {
    yield* this.#troubles.problems()
    yield* this.#notMinted.values()
  }

  /** Waits that are over, troubles of what was deleted, strange files that are gone. */
  #forgetOld({ view, now }: Look): void {
    for (const [key, until] of this.#notBefore) if (until <= now) this.#notBefore.delete(key)
    this.#troubles.forgetGone(view.state)
    for (const segment of this.#notMinted.keys()) {
      if (view.reports.status(segment) === undefined) this.#notMinted.delete(segment)
    }
  }

  /** Answers whose segment has been rolled or is gone. */
  #forgetFences({ state }: CoordinatorView): void {
    for (const segment of this.#fences.keys()) {
      const { topic, range, segment: number } = segmentNameOf(segment)
      if (state.range(topic, range)?.segments.active.segment !== number) this.#fences.delete(segment)
    }
  }
}

/** The active segment that takes appends only after this. */
function neededBy(action: Action): ActivePlace | undefined {
  if (action.kind === 'command') return action.command.kind === 'rollSegment' ? action.command : undefined
  const { kind, segment } = action.request
  return kind === 'create' || kind === 'fence' ? segmentNameOf(segment) : undefined
}

function isCreate(action: Action): boolean {
  return action.kind === 'request' && action.request.kind === 'create'
}
