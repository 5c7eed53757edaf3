import type { AbortSignal } from '@eastguard/kernel'
import { codedError, type OffsetPoint } from '@eastguard/protocol'
import type { Caller } from '../link/caller.ts'
import type { Route, Routes } from '../route/routes.ts'
import type { EndPoint, ResolvedReaderSettings } from './reader-settings.ts'

/** Where one range is read from and up to. */
export interface RangePlan {
  readonly range: number
  /** Offset of the first record. */
  readonly from: number
  /** End-exclusive; undefined follows the tail. */
  readonly end: number | undefined
  /** Records below `from` that retention removed are reported as skipped. */
  readonly countsSkipped: boolean
  /** Of the batch at `from`: records before its first with this timestamp or a later one are left out. */
  readonly fromTime: number | undefined
  /** Of the batch at `end - 1`: its first record with this timestamp or a later one, and all behind it, are left out. */
  readonly untilTime: number | undefined
}

/** Questions to the brokers that are under way at once. */
const questionCountMax = 64

export interface Planner {
  readonly topic: string
  readonly routes: Routes
  readonly caller: Caller
  readonly life: AbortSignal
}

/** Asks the leaders where the wanted points are: once, so that `now` is the start of the call and stays there. */
export async function planRanges(
  settings: ResolvedReaderSettings,
  route: Route,
  planner: Planner,
): Promise<readonly RangePlan[]> {
  const ranges = wantedRanges(settings, route)
  const plans: RangePlan[] = []
  for (let i = 0; i < ranges.length; i += questionCountMax) {
    const some = ranges.slice(i, i + questionCountMax)
    plans.push(...(await Promise.all(some.map((range) => planRange(settings, range, route, planner)))))
  }
  return plans
}

/** @throws EG_RANGE_NOT_FOUND, EG_INVALID_ARGUMENT */
function wantedRanges({ from, range }: ResolvedReaderSettings, route: Route): readonly number[] {
  const { name } = route
  if (range !== undefined && !route.ranges.has(range)) {
    throw codedError('EG_INVALID_ARGUMENT', `topic ${name} has no range ${range}`, { topic: name, range })
  }
  if (from.kind !== 'position') return range === undefined ? [...route.ranges.keys()] : [range]
  const { topic, offsets } = from.position
  if (topic !== route.id) {
    throw codedError(
      'EG_INVALID_ARGUMENT',
      `the position is not one of topic ${name}, or of an earlier one of that name`,
    )
  }
  const ranges = [...offsets.keys()].filter((named) => range === undefined || named === range)
  const unknown = ranges.find((named) => !route.ranges.has(named))
  if (unknown === undefined && ranges.length > 0) return ranges
  throw codedError('EG_INVALID_ARGUMENT', `the position names no range ${unknown ?? range ?? ''} of topic ${name}`)
}

async function planRange(
  settings: ResolvedReaderSettings,
  range: number,
  route: Route,
  planner: Planner,
): Promise<RangePlan> {
  const { from, until } = settings
  const find = (at: OffsetPoint): Promise<number> => findOffset(route, range, at, planner)
  // The end first: what is written between the two questions is behind it, and not between start and end.
  const end = await planEnd(until, find)
  const base = { range, ...end, fromTime: undefined, countsSkipped: true }
  switch (from.kind) {
    case 'start':
      return { ...base, from: 0, countsSkipped: false }
    case 'offset':
      return { ...base, from: from.offset }
    case 'position':
      // Named by the position, or it would not be read.
      return { ...base, from: from.position.offsets.get(range) as number }
    case 'end':
    case 'time':
      return { ...base, from: await find(from), fromTime: from.kind === 'time' ? from.time : undefined }
  }
}

async function planEnd(
  until: EndPoint,
  find: (at: OffsetPoint) => Promise<number>,
): Promise<Pick<RangePlan, 'end' | 'untilTime'>> {
  switch (until.kind) {
    case 'never':
    case 'caughtUp':
      return { end: undefined, untilTime: undefined }
    case 'offset':
      return { end: until.offset, untilTime: undefined }
    case 'now':
      return { end: await find({ kind: 'end' }), untilTime: undefined }
    case 'time': {
      const committed = await find({ kind: 'end' })
      const at = await find(until)
      // The first batch with such a record begins there and is read, too: the records before that one are wanted.
      return at < committed ? { end: at + 1, untilTime: until.time } : { end: committed, untilTime: undefined }
    }
  }
}

async function findOffset(route: Route, range: number, at: OffsetPoint, planner: Planner): Promise<number> {
  const { caller, routes, topic, life } = planner
  let present = route
  const answer = await caller.call(
    'findOffset',
    { topic: route.id, range, at },
    { signal: life },
    {
      link: async (signal) => {
        present = await routes.get(topic, signal)
        return routes.leader(present, range, signal)
      },
      refresh: () => routes.forget(topic, present),
    },
  )
  return answer.offset
}
