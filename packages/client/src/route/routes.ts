import type { AbortSignal } from '@eastguard/kernel'
import { codedError, type RangeDescription, type TopicDescription } from '@eastguard/protocol'
import type { BrokerLink } from '../link/broker-link.ts'
import type { Caller, CallOptions } from '../link/caller.ts'
import type { LinkPool } from '../link/link-pool.ts'
import { orAbort } from '../link/or-abort.ts'
import { KeyRanges } from './key-ranges.ts'

/** What the client knows of a topic: its identity, its ranges, and who leads them. */
export interface Route {
  readonly id: string
  readonly name: string
  readonly ranges: ReadonlyMap<number, RangeDescription>
  /** The active ranges by key hash; undefined while some are being replaced. */
  readonly keys: KeyRanges | undefined
}

interface Known {
  readonly asked: Promise<Route>
  route: Route | undefined
}

/** Routes by topic name, asked for once and kept until somebody finds one wrong. */
export class Routes {
  readonly #pool: LinkPool
  readonly #caller: Caller
  /** One per topic that this client uses. */
  readonly #known = new Map<string, Known>()

  constructor(pool: LinkPool, caller: Caller) {
    this.#pool = pool
    this.#caller = caller
  }

  /** @throws EG_TOPIC_NOT_FOUND (fix-call), and what calls throw; the next one asks again */
  get(name: string, signal: AbortSignal): Promise<Route> {
    const known = this.#known.get(name) ?? this.#ask(name)
    return orAbort(known.asked, signal)
  }

  /** `route` led to somebody who is not responsible: the next `get` asks again. A newer one stays. */
  forget(name: string, route: Route): void {
    if (this.#known.get(name)?.route === route) this.#known.delete(name)
  }

  /** A connection to the leader of a range: one attempt. @throws EG_RANGE_NOT_FOUND, EG_NOT_LEADER (refresh-route), EG_UNREACHABLE */
  leader(route: Route, range: number, signal: AbortSignal): Promise<BrokerLink> {
    const leader = route.ranges.get(range)?.leader
    if (leader === undefined) {
      return Promise.reject(codedError('EG_RANGE_NOT_FOUND', `topic ${route.name} has no range ${range}`))
    }
    if (leader === null) {
      return Promise.reject(codedError('EG_NOT_LEADER', `nobody leads range ${range} of topic ${route.name} now`))
    }
    return this.#pool.to(leader, signal)
  }

  #ask(name: string): Known {
    const asked = describeWhole(this.#caller, name, { signal: this.#pool.life }).then(routeOf)
    const known: Known = { asked, route: undefined }
    this.#known.set(name, known)
    asked.then(
      (route) => {
        known.route = route
      },
      () => {
        if (this.#known.get(name) === known) this.#known.delete(name)
      },
    )
    return known
  }
}

/** A topic with all of its ranges, however many pages that takes. */
export async function describeWhole(caller: Caller, name: string, options: CallOptions): Promise<TopicDescription> {
  const first = await caller.call('describeTopic', { name }, options)
  const rangeList = [...first.rangeList]
  let next = first.next
  while (next !== undefined) {
    const page = await caller.call('describeTopic', { name, afterRange: next }, options)
    if (page.id !== first.id) {
      throw codedError('EG_TOPIC_NOT_FOUND', `topic ${name} was deleted while it was described`, { name })
    }
    rangeList.push(...page.rangeList)
    if (page.next !== undefined && page.next <= next) {
      throw codedError(
        'EG_MALFORMED',
        `the page of topic ${name} after range ${next} is followed by one after ${page.next}`,
      )
    }
    next = page.next
  }
  return { ...first, rangeList, next: undefined }
}

function routeOf(topic: TopicDescription): Route {
  const active = topic.rangeList.filter((range) => range.state === 'active')
  return {
    id: topic.id,
    name: topic.name,
    ranges: new Map(topic.rangeList.map((range) => [range.range, range])),
    keys: KeyRanges.tile(active),
  }
}
