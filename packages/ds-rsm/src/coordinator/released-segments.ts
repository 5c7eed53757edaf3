import { BoundedQueue } from '@eastguard/kernel'
import type { SegmentName } from '../ids.ts'
import type { SegmentSpan } from '../vnode/rows.ts'

/** A topic of 4,096 ranges is as many spans. What is more is left to the sweep. */
const spansMax = 65_536

/** Numbers that committed commands have removed, in order: the store may hold some of them still. */
export class ReleasedSegments {
  readonly #spans = new BoundedQueue<SegmentSpan>(spansMax)
  /** In the span at the head. */
  #taken = 0

  get isEmpty(): boolean {
    return this.#spans.count === 0
  }

  add(span: SegmentSpan): void {
    this.#spans.push(span) // full: the sweep finds them
  }

  next(): SegmentName | undefined {
    const span = this.#spans.peek()
    if (span === undefined) return undefined
    const { topic, range, from, below } = span
    const segment = from + this.#taken
    this.#taken++
    if (segment + 1 === below) {
      this.#spans.shift()
      this.#taken = 0
    }
    return { topic, range, segment }
  }
}
