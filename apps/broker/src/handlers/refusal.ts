import { type AppliedResult, type CommandResult, type Refusal } from '@eastguard/ds-rsm'
import { unreachable } from '@eastguard/kernel'
import { codedError } from '@eastguard/protocol'

/**
 * What applying a command did, or its refusal as an error for the caller.
 * @throws the code that fits the refusal
 */
export function appliedOrThrow(outcome: CommandResult): AppliedResult {
  if (outcome.kind === 'refused') throw refusalError(outcome.reason)
  return outcome.result
}

function refusalError(refusal: Refusal): Error {
  switch (refusal.kind) {
    case 'wrongEpoch':
    case 'notMine':
      return codedError('EG_NOT_COORDINATOR', `another vNode owns this: ${JSON.stringify(refusal)}`)
    case 'topicExists':
      return codedError('EG_TOPIC_EXISTS', `a topic ${refusal.name} exists`, { topic: refusal.name, id: refusal.topic })
    case 'topicUnknown':
      return codedError('EG_TOPIC_NOT_FOUND', `there is no topic ${refusal.topic}`, { topic: refusal.topic })
    case 'nameInvalid':
      return codedError('EG_INVALID_NAME', `${JSON.stringify(refusal.name)}: ${refusal.problem}`)
    case 'policyInvalid': {
      const { field, value, bounds } = refusal.problem
      const message = `${field} is ${value ?? 'none'}; it must be from ${bounds.min} to ${bounds.max}`
      return codedError('EG_INVALID_ARGUMENT', message, { field, value, ...bounds })
    }
    case 'rangesInvalid':
      return codedError('EG_INVALID_ARGUMENT', `${refusal.count} ranges: a power of two up to 4096 is needed`)
    case 'replicasInvalid':
      return codedError('EG_POLICY_UNSATISFIABLE', refusal.problem)
    case 'requestIdReused':
      return codedError('EG_INVALID_ARGUMENT', `this request id has created the topic ${refusal.name} before`)
    case 'rangeUnknown':
      return codedError('EG_RANGE_NOT_FOUND', `topic ${refusal.topic} has no range ${refusal.range}`)
    case 'segmentNotActive':
    case 'endDiffers':
    case 'endInvalid':
      return codedError('EG_SEGMENT_SEALED', `segment ${refusal.kind}: ${JSON.stringify(refusal)}`)
    case 'trimInvalid':
      return codedError('EG_INVALID_ARGUMENT', `segment ${refusal.active} is active: it cannot be trimmed`)
    case 'numbersExhausted':
      return codedError('EG_OVERLOADED', `no number is left for new ${refusal.what}`)
    default:
      return unreachable(refusal)
  }
}
