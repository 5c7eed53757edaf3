import {
  type Action,
  type ActionOutcome,
  type FenceAnswer,
  parseSegmentName,
  type SegmentId,
  type StoreRequest,
  type VNodeId,
} from '@eastguard/ds-rsm'
import type { Logger } from '@eastguard/kernel'
import { codedError } from '@eastguard/protocol'
import type { SegmentStore } from '@eastguard/segment-store'
import type { LocalRanges } from '../records/local-ranges.ts'
import { describePlace } from '../records/place.ts'
import type { RangeLog } from '../records/range-log.ts'
import type { Metadata } from './metadata.ts'

export interface ActionComponents {
  readonly metadata: Metadata
  readonly store: SegmentStore
  readonly ranges: LocalRanges
  readonly logger: Logger
}

/** Carries out what a coordinator wants, on the local store and in the metadata. */
export class ActionRunner {
  readonly #components: ActionComponents

  constructor(components: ActionComponents) {
    this.#components = components
  }

  /** @throws what the store or the proposer says: the action has failed and will be wanted again */
  run(vnode: VNodeId, action: Action): Promise<ActionOutcome> {
    return action.kind === 'command' ? this.#propose(vnode, action) : this.#ask(action.request)
  }

  async #propose(vnode: VNodeId, action: Action & { readonly kind: 'command' }): Promise<ActionOutcome> {
    const result = await this.#components.metadata.propose(vnode, action.command)
    if (result.kind !== 'refused') return { kind: 'done' }
    // Somebody was faster (a deletion, a trim): the next look sees the new state.
    this.#components.logger.debug('coordinator command refused', { action: action.key, reason: result.reason.kind })
    return { kind: 'failed' }
  }

  async #ask(request: StoreRequest): Promise<ActionOutcome> {
    const { store } = this.#components
    switch (request.kind) {
      case 'create':
        store.create(request.segment, request.startOffset, request.prelude)
        this.#logOf(request.segment)?.open(request.segment)
        return { kind: 'done' }
      case 'fence':
        return { kind: 'fenced', answer: await this.#fence(request.segment) }
      case 'seal':
        await store.seal(request.segment, request.end)
        // A copy that had restarted serves what it knew to be committed until it learns its end, which is now.
        this.#logOf(request.segment)?.wakeReaders()
        return { kind: 'done' }
      case 'forget':
        await store.forget(request.segment)
        return { kind: 'done' }
    }
  }

  async #fence(segment: SegmentId): Promise<FenceAnswer> {
    const log = this.#logOf(segment)
    // In the turn of the fence: from here on batches wait for the successor, and the fence refuses nobody.
    log?.beginRoll()
    const answer = await this.#components.store.fence(segment)
    if (answer.kind === 'suspect') {
      const place = describePlace(answer.place)
      log?.refuse(codedError('EG_DAMAGED', `segment ${segment} may lack records, its range takes no appends: ${place}`))
    }
    return answer
  }

  #logOf(segment: SegmentId): RangeLog | undefined {
    const { topic, range } = parseSegmentName(segment)
    return this.#components.ranges.find(topic, range)?.log
  }
}
