import {
  type ActionOutcome,
  type Applied,
  type CoordinatorSurroundings,
  type FenceAnswer,
  parseSegmentName,
  type SegmentId,
  type StoreRequest,
  type TopicId,
} from '@eastguard/ds-rsm'
import { isEastGuardError, type Logger } from '@eastguard/kernel'
import { codedError } from '@eastguard/protocol'
import type { SegmentStore } from '@eastguard/segment-store'
import type { BugAlarm } from '../bug-alarm.ts'
import type { LocalRanges } from '../records/local-ranges.ts'
import { describePlace } from '../records/place.ts'
import type { RangeLog } from '../records/range-log.ts'

export interface RangeKeeperComponents {
  readonly store: SegmentStore
  readonly ranges: LocalRanges
  readonly bugs: BugAlarm
  readonly logger: Logger
}

/** Keeps this broker's ranges and segments as the committed metadata and its coordinators want them. */
export class RangeKeeper implements CoordinatorSurroundings {
  readonly #with: RangeKeeperComponents

  constructor(components: RangeKeeperComponents) {
    this.#with = components
  }

  get reports(): SegmentStore {
    return this.#with.store
  }

  get waitingRangeCount(): number {
    return this.#with.ranges.waitingCount
  }

  follow(event: Applied): void {
    const { ranges } = this.#with
    if (event.kind === 'present') {
      for (const { row } of event.state.topics()) this.#followTopic(event, row.id)
    } else if (event.result.kind === 'topicDeleted') {
      ranges.removeTopic(event.result.topic)
    } else if (event.result.kind === 'topicCreated') {
      this.#followTopic(event, event.result.topic)
    } else if (event.command.kind === 'rollSegment' || event.command.kind === 'trimRange') {
      const entry = event.state.range(event.command.topic, event.command.range)
      if (entry !== undefined) ranges.follow(entry)
    }
  }

  async perform(request: StoreRequest): Promise<ActionOutcome> {
    const { store } = this.#with
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

  failed(what: string, error: unknown): void {
    const { bugs, logger } = this.#with
    if (!isEastGuardError(error)) bugs.notice(error, `coordinator: ${what}`)
    else logger.warn('coordinator action failed', { action: what, code: error.code, error: error.message })
  }

  #followTopic({ state }: Applied, topic: TopicId): void {
    for (const entry of state.topic(topic)?.ranges.values() ?? []) this.#with.ranges.follow(entry)
  }

  async #fence(segment: SegmentId): Promise<FenceAnswer> {
    const log = this.#logOf(segment)
    // In the turn of the fence: from here on batches wait for the successor, and the fence refuses nobody.
    log?.beginRoll()
    const answer = await this.#with.store.fence(segment)
    if (answer.kind === 'suspect') {
      const place = describePlace(answer.place)
      log?.refuse(codedError('EG_DAMAGED', `segment ${segment} may lack records, its range takes no appends: ${place}`))
    }
    return answer
  }

  #logOf(segment: SegmentId): RangeLog | undefined {
    const { topic, range } = parseSegmentName(segment)
    return this.#with.ranges.find(topic, range)?.log
  }
}
