import type { TopicId } from '../ids.ts'
import type { VNodeState } from '../vnode/state.ts'

export interface AttendedRange {
  readonly topic: TopicId
  readonly range: number
}

type AttendedTopic = { readonly ranges: Set<number>; nextRange: number }

/**
 * Ranges that somebody waits for, each once, topic by topic in the order in which they were asked for. A whole topic is a
 * place in it and no list, so that none of its ranges is ever lost; single ranges are at most as many as there are.
 *
 * ```
 *   topic 7   { 3, 9 }   whole from 1,024    ranges 3 and 9, then 1,024 and all that follow
 *   topic 2   { 0 }      none                range 0
 * ```
 */
export class Attention {
  readonly #topics = new Map<TopicId, AttendedTopic>()

  get isEmpty(): boolean {
    return this.#topics.size === 0
  }

  attend(topic: TopicId, range: number): void {
    const attended = this.#attended(topic)
    if (range < attended.nextRange) attended.ranges.add(range)
  }

  attendTopic(topic: TopicId): void {
    const attended = this.#attended(topic)
    attended.ranges.clear()
    attended.nextRange = 0
  }

  /** Takes the next one, which may be gone by now; of a topic that is gone only what was asked for one by one. */
  next(state: VNodeState): AttendedRange | undefined {
    for (const [topic, attended] of this.#topics) {
      const first = attended.ranges.values().next()
      if (first.done !== true) {
        attended.ranges.delete(first.value)
        return { topic, range: first.value }
      }
      const rangeEnd = state.topic(topic)?.row.nextRange ?? 0
      if (attended.nextRange < rangeEnd) return { topic, range: attended.nextRange++ }
      this.#topics.delete(topic)
    }
    return undefined
  }

  #attended(topic: TopicId): AttendedTopic {
    const known = this.#topics.get(topic)
    if (known !== undefined) return known
    const attended = { ranges: new Set<number>(), nextRange: Number.POSITIVE_INFINITY }
    this.#topics.set(topic, attended)
    return attended
  }
}
