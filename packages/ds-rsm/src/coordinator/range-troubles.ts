import type { TopicId } from '../ids.ts'
import type { VNodeState } from '../vnode/state.ts'
import type { Problem, RangeProblem } from './action.ts'

/** What is the matter with a range while this segment is its active one. */
interface Trouble {
  readonly segment: number
  readonly problem: RangeProblem | undefined
  /** What its active segment needs has been tried, failed, and not succeeded since. */
  readonly failed: boolean
}

/** The active segment of a range. */
export interface ActivePlace {
  readonly topic: TopicId
  readonly range: number
  readonly segment: number
}

/**
 * The ranges that something is the matter with; nothing is kept of any other. A range that has moved on to another segment
 * is free of what was the matter with the last one.
 */
export class RangeTroubles {
  readonly #topics = new Map<TopicId, Map<number, Trouble>>()
  #stuckCount = 0

  get isEmpty(): boolean {
    return this.#topics.size === 0
  }

  /** Ranges that take no appends until time passes or somebody helps. */
  get stuckCount(): number {
    return this.#stuckCount
  }

  *problems(): Generator<Problem> {
    for (const ranges of this.#topics.values()) {
      for (const { problem } of ranges.values()) if (problem !== undefined) yield problem
    }
  }

  /** A look at the range found this, or nothing, wrong. */
  looked(place: ActivePlace, problem: RangeProblem | undefined): void {
    const failed = this.#find(place)?.failed ?? false
    this.#put(place, problem !== undefined || failed ? { segment: place.segment, problem, failed } : undefined)
  }

  failed(place: ActivePlace): void {
    this.#put(place, { segment: place.segment, problem: this.#find(place)?.problem, failed: true })
  }

  succeeded(place: ActivePlace): void {
    const found = this.#find(place)
    if (found !== undefined) this.#put(place, found.problem === undefined ? undefined : { ...found, failed: false })
  }

  forgetTopic(topic: TopicId): void {
    for (const trouble of this.#topics.get(topic)?.values() ?? []) this.#stuckCount -= stuck(trouble)
    this.#topics.delete(topic)
  }

  /** Topics that have been deleted. */
  forgetGone(state: VNodeState): void {
    for (const topic of this.#topics.keys()) if (state.topic(topic) === undefined) this.forgetTopic(topic)
  }

  #find({ topic, range, segment }: ActivePlace): Trouble | undefined {
    const trouble = this.#topics.get(topic)?.get(range)
    return trouble?.segment === segment ? trouble : undefined
  }

  #put({ topic, range }: ActivePlace, trouble: Trouble | undefined): void {
    const ranges = this.#topics.get(topic) ?? new Map<number, Trouble>()
    this.#stuckCount += stuck(trouble) - stuck(ranges.get(range))
    if (trouble !== undefined) {
      this.#topics.set(topic, ranges.set(range, trouble))
    } else if (ranges.delete(range) && ranges.size === 0) {
      this.#topics.delete(topic)
    }
  }
}

function stuck(trouble: Trouble | undefined): number {
  if (trouble === undefined) return 0
  const { problem, failed } = trouble
  return failed || problem?.kind === 'suspect' || problem?.blocks === true ? 1 : 0
}
