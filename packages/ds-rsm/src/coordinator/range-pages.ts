import type { RangeEntry, TopicEntry, VNodeState } from '../vnode/state.ts'

/** @returns false to stop before the next range */
export type LookAtRange = (topic: TopicEntry, range: RangeEntry) => boolean

/**
 * Walks round and round over all ranges of a vNode, a page at a time; a page may end inside a topic. Topics may come and go
 * between pages: one that comes is at the end of the round.
 */
export class RangePages {
  #state: VNodeState | undefined
  #topics: Iterator<TopicEntry> | undefined
  /** The next range is number `#number` of this one. */
  #topic: TopicEntry | undefined
  #number = 0

  /** Looks at `count` ranges at most. @returns whether the round has ended: the next page is the first one again */
  turn(state: VNodeState, count: number, look: LookAtRange): boolean {
    this.#resume(state)
    let left = count
    for (let topic = this.#nextTopic(state); topic !== undefined; topic = this.#nextTopic(state)) {
      while (this.#number < topic.row.nextRange) {
        if (left === 0) return false
        const range = topic.ranges.get(this.#number)
        this.#number++
        if (range === undefined) continue
        left--
        if (!look(topic, range)) return false
      }
      this.#topic = undefined
    }
    this.#topics = undefined
    return true
  }

  /** The state may have been loaded anew, and the topic deleted, since the last page. */
  #resume(state: VNodeState): void {
    if (this.#state !== state) {
      this.#state = state
      this.#topics = undefined
      this.#topic = undefined
    }
    if (this.#topic !== undefined && state.topic(this.#topic.row.id) !== this.#topic) this.#topic = undefined
  }

  #nextTopic(state: VNodeState): TopicEntry | undefined {
    if (this.#topic !== undefined) return this.#topic
    this.#topics ??= state.topics()[Symbol.iterator]()
    const next = this.#topics.next()
    this.#topic = next.done === true ? undefined : next.value
    this.#number = 0
    return this.#topic
  }
}
