import { formatSegmentId, type RangeEntry, type TopicId } from '@eastguard/ds-rsm'
import type { EastGuardError } from '@eastguard/kernel'
import { codedError } from '@eastguard/protocol'
import type { SegmentStore } from '@eastguard/segment-store'
import type { BugAlarm } from '../bug-alarm.ts'
import { ByteBudget } from './byte-budget.ts'
import { LocalRange } from './local-range.ts'
import { RangeLog } from './range-log.ts'

/** The ranges that this broker leads, by topic and number. */
export class LocalRanges {
  readonly #topics = new Map<TopicId, Map<number, LocalRange>>()
  readonly #store: SegmentStore
  readonly #bugs: BugAlarm
  /** Of all batches that wait for a roll. */
  readonly #budget: ByteBudget

  /** @param waitingBytesMax bytes of all batches that may wait for a roll (P18) */
  constructor(store: SegmentStore, bugs: BugAlarm, waitingBytesMax: number) {
    this.#store = store
    this.#bugs = bugs
    this.#budget = new ByteBudget(waitingBytesMax)
  }

  find(topic: TopicId, range: number): LocalRange | undefined {
    return this.#topics.get(topic)?.get(range)
  }

  /** @throws EG_TOPIC_NOT_FOUND (fix-call), EG_RANGE_NOT_FOUND (refresh-route) */
  need(topic: TopicId, range: number): LocalRange {
    const ranges = this.#topics.get(topic)
    if (ranges === undefined) throw codedError('EG_TOPIC_NOT_FOUND', `there is no topic ${topic}`, { topic })
    const local = ranges.get(range)
    if (local === undefined)
      throw codedError('EG_RANGE_NOT_FOUND', `topic ${topic} has no range ${range}`, { topic, range })
    return local
  }

  /** The range as the committed metadata has it now; a new one's log waits until `open` names its segment. */
  follow(entry: RangeEntry): void {
    const { topic, range } = entry.row
    const known = this.find(topic, range)
    if (known !== undefined) {
      known.follow(entry)
      return
    }
    const ranges = this.#topics.get(topic) ?? new Map<number, LocalRange>()
    this.#topics.set(topic, ranges)
    const { active } = entry.segments
    // What was journalled as committed before a restart may be read before the segment has rolled.
    const committed = this.#store.status(formatSegmentId(active))?.commitOffset ?? active.startOffset
    const log = new RangeLog(this.#store, Math.max(committed, active.startOffset), this.#budget, this.#bugs)
    ranges.set(range, new LocalRange(entry, log, this.#store))
  }

  /** The topic is gone: whoever writes or reads it hears so. */
  removeTopic(topic: TopicId): void {
    for (const local of this.#topics.get(topic)?.values() ?? []) local.delete()
    this.#close(topic, codedError('EG_TOPIC_NOT_FOUND', `topic ${topic} was deleted`, { topic }))
  }

  close(error: EastGuardError): void {
    for (const topic of [...this.#topics.keys()]) this.#close(topic, error)
  }

  get count(): number {
    let count = 0
    for (const ranges of this.#topics.values()) count += ranges.size
    return count
  }

  /** Ranges that do not take appends at the moment. */
  get waitingCount(): number {
    let count = 0
    for (const ranges of this.#topics.values()) for (const { log } of ranges.values()) if (!log.isOpen) count++
    return count
  }

  #close(topic: TopicId, error: EastGuardError): void {
    for (const { log } of this.#topics.get(topic)?.values() ?? []) log.close(error)
    this.#topics.delete(topic)
  }
}
