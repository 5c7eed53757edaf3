import type { TopicPolicyOptions } from '@eastguard/client'
import type { TopicJson } from '../json-schema.ts'
import { printCount, printDuration, printSize } from '../text/units.ts'

const policyFields = ['replicas', 'minReplicas', 'retention', 'retentionBytes', 'segmentBytes', 'segmentAge'] as const

/** Of a command's options those that are the topic's policy; the broker fills in and judges the rest. */
export function policyOf(options: { readonly [name: string]: unknown }): TopicPolicyOptions {
  // Options of these names come from `policyOptions`, whose parsers give what the client takes.
  return Object.fromEntries(
    policyFields.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  )
}

export function policyPairs(policy: TopicJson['policy']): (readonly [string, string])[] {
  return [
    ['replicas', `${printCount(policy.replicas)}, at least ${printCount(policy.minReplicas)}`],
    ['retention', policy.retentionMs === null ? 'none' : printDuration(policy.retentionMs)],
    ['retention bytes', policy.retentionBytes === null ? 'none' : `${printSize(policy.retentionBytes)} in each range`],
    ['segment bytes', printSize(policy.segmentBytes)],
    ['segment age', policy.segmentAgeMs === null ? 'none' : printDuration(policy.segmentAgeMs)],
  ]
}
