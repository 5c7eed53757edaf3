import { applySegmentRoll, applyTrim } from './apply-segment.ts'
import { applyAlter, applyCreate, applyDelete } from './apply-topic.ts'
import type { AdvanceTime, Command } from './command.ts'
import { type Decision, done, withTime } from './decision.ts'
import type { AppliedResult } from './outcome.ts'
import type { VNodeState } from './state.ts'

/**
 * Applies one command. Everything is decided before the first row changes, from the state and the command alone (H25).
 * @returns the answer, and the changes of the rows for the storage
 */
export function apply(state: VNodeState, command: Command): Decision {
  const decision = decide(state, command)
  for (const write of decision.writes) state.write(write)
  return decision
}

function decide(state: VNodeState, command: Command): Decision {
  switch (command.kind) {
    case 'createTopic':
      return applyCreate(state, command)
    case 'alterTopic':
      return applyAlter(state, command)
    case 'deleteTopic':
      return applyDelete(state, command)
    case 'rollSegment':
      return applySegmentRoll(state, command)
    case 'trimRange':
      return applyTrim(state, command)
    case 'advanceTime':
      return applyTime(state, command)
  }
}

function applyTime(state: VNodeState, command: AdvanceTime): Decision {
  const row = withTime(state.vnode, command.vnodeTime)
  const result: AppliedResult = { kind: 'timeAdvanced', vnodeTime: row.vnodeTime }
  return done(result, row === state.vnode ? [] : [{ kind: 'vnode', row }])
}
