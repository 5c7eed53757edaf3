import {
  formatSegmentId,
  listSegments,
  parseSegmentName,
  parseTopicId,
  type SegmentList,
  type SegmentRow,
  type TopicId,
} from '@eastguard/ds-rsm'
import { invariant } from '@eastguard/kernel'
import {
  codedError,
  type FindOffset,
  type FindOffsetAnswer,
  type ListSegments,
  type ListSegmentsAnswer,
  type TrimmedRange,
  type TrimPoint,
  type TrimTopic,
  type TrimTopicAnswer,
} from '@eastguard/protocol'
import type { BrokerContext } from './context.ts'
import { showSegment } from './descriptions.ts'
import { appliedOrThrow } from './refusal.ts'

export function list(request: ListSegments, context: BrokerContext): Promise<ListSegmentsAnswer> {
  const { name, range, limit } = request
  const after = request.after === undefined ? undefined : parseSegmentName(request.after)
  return context.metadata.readNamed(name, ({ row }, state) => {
    const page = { limit, ...(range === undefined ? {} : { range }), ...(after === undefined ? {} : { after }) }
    const found = listSegments(state, row.id, page)
    if (found === undefined) throw rangeNotFound(name, range ?? 0)
    const segments = found.segments.map((segment) => showSegment(segment, context))
    return found.next === undefined ? { segments } : { segments, next: found.next }
  })
}

export async function findOffset(request: FindOffset, context: BrokerContext): Promise<FindOffsetAnswer> {
  const local = context.ranges.need(parseTopicId(request.topic), request.range)
  switch (request.at.kind) {
    case 'start':
      return { offset: local.startOffset }
    case 'end':
      return { offset: local.committedEnd }
    case 'time':
      return { offset: await local.findTime(request.at.time) }
  }
}

/** Commands of one trim that share a commit. */
const trimsAtOnce = 256

/** Drops the sealed segments that lie wholly before the point; the active one always stays. */
export async function trimTopic(request: TrimTopic, context: BrokerContext): Promise<TrimTopicAnswer> {
  const { name, range, before } = request
  if (before.kind === 'offset' && range === undefined) {
    throw codedError('EG_INVALID_ARGUMENT', 'an offset belongs to one range: say which')
  }
  const plan = await context.metadata.readNamed(name, ({ ranges, row }, state) => {
    if (range !== undefined && !ranges.has(range)) throw rangeNotFound(name, range)
    const chosen = [...ranges.values()].filter((entry) => range === undefined || entry.row.range === range)
    const trims = chosen.map(({ row: { range: number }, segments }) => ({
      range: number,
      below: firstKept(segments, before, context),
    }))
    return { topic: row.id, epoch: state.vnode.epoch, trims }
  })
  const ranges: TrimmedRange[] = []
  for (let i = 0; i < plan.trims.length; i += trimsAtOnce) {
    const some = plan.trims.slice(i, i + trimsAtOnce)
    ranges.push(...(await Promise.all(some.map((trim) => trimRange(name, plan, trim, context)))))
  }
  return { ranges }
}

async function trimRange(
  name: string,
  { topic, epoch }: { readonly topic: TopicId; readonly epoch: number },
  { range, below }: { readonly range: number; readonly below: number },
  context: BrokerContext,
): Promise<TrimmedRange> {
  const vnode = context.metadata.vnodeOfName(name)
  const outcome = await context.metadata.propose(vnode, { kind: 'trimRange', epoch, topic, range, below })
  const result = appliedOrThrow(outcome)
  invariant(result.kind === 'rangeTrimmed', 'a trim trims', { kind: result.kind })
  return { range, startOffset: result.startOffset, removedSegments: result.removedSegments }
}

/** Number of the oldest segment that stays. */
function firstKept(segments: SegmentList, before: TrimPoint, context: BrokerContext): number {
  for (let index = 0; index < segments.count - 1; index++) {
    const row = segments.at(index)
    const gone =
      before.kind === 'end' ||
      (before.kind === 'offset' && row.endOffset !== null && row.endOffset <= before.offset) ||
      (before.kind === 'time' && isOlder(row, before.time, context))
    if (!gone) return row.segment
  }
  return segments.active.segment
}

/** A segment that is not here has no time that could be compared: it stays. */
function isOlder(row: SegmentRow, time: number, context: BrokerContext): boolean {
  const status = context.store.status(formatSegmentId(row))
  return status !== undefined && status.lastAppendTime < time
}

function rangeNotFound(name: string, range: number): Error {
  return codedError('EG_RANGE_NOT_FOUND', `topic ${name} has no range ${range}`, { topic: name, range })
}
