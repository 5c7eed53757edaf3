import { EastGuardError, type Facts, type Remedy } from '@eastguard/kernel'
import type { Refusal } from './vnode/outcome.ts'

/** A refused command as the error that its caller gets. */
export function refusalError(reason: Refusal): EastGuardError {
  switch (reason.kind) {
    case 'wrongEpoch':
      return stale(`the vNode is at epoch ${reason.current}, not ${reason.epoch}`, { epoch: reason.current })
    case 'notMine':
      return stale(`'${reason.what}' belongs to another vNode`, { what: reason.what })
    case 'topicExists':
      return error('EG_TOPIC_EXISTS', 'fix-call', `topic '${reason.name}' exists already`, { topic: reason.topic })
    case 'topicUnknown':
      return error('EG_TOPIC_UNKNOWN', 'fix-call', `there is no topic with id ${reason.topic}`, { topic: reason.topic })
    case 'nameInvalid':
      return error('EG_NAME_INVALID', 'fix-call', `'${reason.name}' cannot name a topic: ${reason.problem}`)
    case 'policyInvalid': {
      const { field, value, bounds } = reason.problem
      const range = `${bounds.min} to ${bounds.max}`
      return error('EG_POLICY_INVALID', 'fix-call', `${field} of ${value} is outside ${range}`, { field, value })
    }
    case 'rangesInvalid':
      return error('EG_POLICY_INVALID', 'fix-call', `${reason.count} ranges: a power of two up to 4,096 expected`, {
        field: 'ranges',
        value: reason.count,
      })
    case 'replicasInvalid':
      return error('EG_POLICY_UNSATISFIABLE', 'fix-call', `the replicas cannot be used: ${reason.problem}`)
    case 'requestIdReused':
      return error('EG_REQUEST_ID_REUSED', 'fix-call', `the request id has created topic '${reason.name}'`)
    case 'rangeUnknown':
      return error('EG_RANGE_UNKNOWN', 'fix-call', `topic ${reason.topic} has no range ${reason.range}`)
    case 'segmentNotActive':
    case 'endDiffers':
    case 'endInvalid':
    case 'trimInvalid':
      return error('EG_CONFLICT', 'refresh-route', `the segment has moved on: ${JSON.stringify(reason)}`)
    case 'numbersExhausted':
      return error('EG_LIMIT_REACHED', 'give-up', `no number is left for another of the ${reason.what}`)
  }
}

function stale(message: string, facts: Facts): EastGuardError {
  return error('EG_WRONG_VNODE', 'refresh-route', message, facts)
}

function error(code: string, remedy: Remedy, message: string, facts: Facts = {}): EastGuardError {
  return new EastGuardError({ code, remedy, message, facts })
}
