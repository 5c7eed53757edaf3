import type { TopicPolicy } from '../vnode/policy.ts'
import type { ReplicaSeat } from '../vnode/rows.ts'

/**
 * Where a new segment goes: as many of the members as the policy wants, the preferred ones first (H48: asked anew for
 * every segment).
 * @returns undefined when there are fewer than `minReplicas`
 */
export function placeSegment(policy: TopicPolicy, members: readonly ReplicaSeat[]): readonly ReplicaSeat[] | undefined {
  return members.length < policy.minReplicas ? undefined : members.slice(0, policy.replicas)
}
