import { type SegmentId, type TopicId, topicBirth, type VNodeId } from '../ids.ts'
import type { SegmentReport } from './view.ts'

/**
 * Walks round and round over what a store holds, a page at a time, and sorts each page by the vNode that has to judge it.
 * Pages may come while segments come and go: what a round misses, the next one sees.
 */
export class StoredSweep {
  readonly #segments: () => Iterable<SegmentReport>
  #round: Iterator<SegmentReport> | undefined

  /** @param segments the store's segments, from the first */
  constructor(segments: () => Iterable<SegmentReport>) {
    this.#segments = segments
  }

  /** At most `count` segments; fewer at the end of a round. */
  next(count: number): ReadonlyMap<VNodeId, readonly SegmentReport[]> {
    const page = new Map<VNodeId, SegmentReport[]>()
    this.#round ??= this.#segments()[Symbol.iterator]()
    for (let i = 0; i < count; i++) {
      const step = this.#round.next()
      if (step.done === true) {
        this.#round = undefined
        break
      }
      const vnode = ownerOf(step.value.id)
      const reports = page.get(vnode)
      if (reports === undefined) page.set(vnode, [step.value])
      else reports.push(step.value)
    }
    return page
  }
}

function ownerOf(segment: SegmentId): VNodeId {
  return topicBirth(segment.slice(0, 16) as TopicId) // the topic's id leads a segment's
}
