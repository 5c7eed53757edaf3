export {
  type BrokerId,
  formatSegmentId,
  formatTopicId,
  formatVNodeId,
  parseBrokerId,
  parseRequestId,
  parseSegmentName,
  parseTopicId,
  parseVNodeId,
  type RequestId,
  requestIdFromBytes,
  type SegmentId,
  type SegmentName,
  type TopicId,
  topicBirth,
  type VNodeId,
} from './ids.ts'
export type { Applied, Proposer, ProposeOptions, ReadOptions, VNodeDirectory, VNodeRead } from './ports.ts'
export type {
  AdvanceTime,
  AlterTopic,
  Command,
  CreateTopic,
  DeleteTopic,
  RollSegment,
  TrimRange,
} from './vnode/command.ts'
export type { AppliedResult, CommandResult, Refusal } from './vnode/outcome.ts'
export {
  fixedRangeCountMax,
  type PolicyProblem,
  policyBounds,
  type RangesMode,
  type TopicPolicy,
  topicNameProblem,
} from './vnode/policy.ts'
export type {
  RangeRow,
  Replica,
  ReplicaList,
  ReplicaSeat,
  RequestRow,
  RowWrite,
  SegmentRow,
  TopicRow,
  VNodeRow,
} from './vnode/rows.ts'
export { type RangeEntry, type TopicEntry, topicNameHash, VNodeState } from './vnode/state.ts'
