import { EastGuardError } from '@eastguard/kernel'
import type { RequestId } from '../ids.ts'
import type { CreateTopic } from '../vnode/command.ts'
import { firstRangeCount, type RangesMode, type TopicPolicy } from '../vnode/policy.ts'
import type { ReplicaSeat } from '../vnode/rows.ts'
import { placeSegment } from './placement.ts'

/** Copies that a topic gets when nobody asks for a number and there are brokers enough. */
const replicasDefault = 3

/** What a policy is where its creator says nothing. `replicas` follows the number of brokers. */
export const policyDefaults: Omit<TopicPolicy, 'replicas'> = {
  minReplicas: 1,
  retentionMs: 7 * 24 * 3_600_000,
  retentionBytes: null,
  segmentBytes: 2 ** 30,
  segmentAgeMs: 24 * 3_600_000,
}

export interface CreateTopicWish {
  /** The vNode epoch that the route was taken from. */
  readonly epoch: number
  readonly requestId: RequestId
  readonly name: string
  readonly ranges: RangesMode
  readonly policy: Partial<TopicPolicy>
  /** Brokers that may take new segments, the preferred one first, each at its present boot. */
  readonly seats: readonly ReplicaSeat[]
  readonly vnodeTime: number
  readonly wallTime: number
}

/**
 * A wish made complete: defaults and places are chosen here, by the coordinator, and ride in the command. Whatever else is
 * wrong with it, applying it will say.
 * @throws EG_POLICY_UNSATISFIABLE (fix-call): more replicas than eligible brokers
 */
export function planCreateTopic(wish: CreateTopicWish): CreateTopic {
  const { epoch, requestId, name, ranges, seats, vnodeTime, wallTime } = wish
  const policy = { replicas: Math.min(replicasDefault, seats.length), ...policyDefaults, ...wish.policy }
  checkSatisfiable(name, policy, seats.length)
  const placed = placeSegment(policy, seats) ?? []
  const replicas = Array.from({ length: firstRangeCount(ranges) ?? 0 }, () => placed)
  return { kind: 'createTopic', epoch, requestId, name, ranges, policy, replicas, vnodeTime, wallTime }
}

/**
 * The policy that a topic would have, against the brokers that there are; also for a change of it.
 * @throws EG_POLICY_UNSATISFIABLE (fix-call)
 */
export function checkSatisfiable(name: string, policy: TopicPolicy, eligible: number): void {
  const wanted = Math.max(policy.replicas, policy.minReplicas)
  if (wanted <= eligible) return
  const brokers = eligible === 1 ? '1 broker is' : `${eligible} brokers are`
  throw new EastGuardError({
    code: 'EG_POLICY_UNSATISFIABLE',
    remedy: 'fix-call',
    message: `topic '${name}' asks for ${wanted} replicas and ${brokers} eligible`,
    facts: { replicas: wanted, eligible },
  })
}
