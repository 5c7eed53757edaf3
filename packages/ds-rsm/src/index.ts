export type { Action, Findings, Problem, RangeProblem, StoreRequest } from './coordinator/action.ts'
export {
  type ActionOutcome,
  type AttendedInput,
  Coordinator,
  type CoordinatorSettings,
  defaultCoordinatorSettings,
  type PlanInput,
} from './coordinator/coordinator.ts'
export {
  type CreateTopicWish,
  checkSatisfiable,
  planCreateTopic,
  policyDefaults,
} from './coordinator/create-topic.ts'
export { decodePrelude, encodePrelude, type Prelude } from './coordinator/prelude.ts'
export { reconcile } from './coordinator/reconcile.ts'
export { StoredSweep } from './coordinator/stored-sweep.ts'
export type {
  CoordinatorView,
  DamagePlace,
  FenceAnswer,
  SegmentReport,
  SegmentReports,
} from './coordinator/view.ts'
export {
  CoordinatorLoop,
  type CoordinatorLoopComponents,
  type CoordinatorLoopSettings,
  type CoordinatorSurroundings,
} from './host/coordinator-loop.ts'
export {
  type BirthIds,
  checkBirth,
  createVNodes,
  hasVNodes,
  storedBirth,
  type VNodesBirth,
} from './host/genesis.ts'
export {
  defaultLocalProposerSettings,
  LocalProposer,
  type LocalProposerSettings,
} from './host/local-proposer.ts'
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
export type { Applied, ProposeOptions, Proposer, ReadOptions, VNodeDirectory, VNodeRead } from './ports.ts'
export { apply } from './vnode/apply.ts'
export { requestCountMax } from './vnode/apply-topic.ts'
export { classifySegment, classifyTopic, type Standing } from './vnode/classify.ts'
export type {
  AdvanceTime,
  AlterTopic,
  Command,
  CreateTopic,
  DeleteTopic,
  RollSegment,
  TrimRange,
} from './vnode/command.ts'
export { decodeCommand, encodeCommand } from './vnode/command-codec.ts'
export type { Decision } from './vnode/decision.ts'
export { assertInvariants, ForwardInvariants } from './vnode/invariants.ts'
export { buddyOf, equalPieces, halves, type Piece, tilesSpace } from './vnode/keyspace.ts'
export type { AppliedResult, CommandResult, Refusal } from './vnode/outcome.ts'
export {
  fixedRangeCountMax,
  type PolicyProblem,
  policyBounds,
  type RangesMode,
  type TopicPolicy,
  topicNameProblem,
} from './vnode/policy.ts'
export {
  describeRange,
  describeTopic,
  type FoundSegment,
  findSegment,
  listSegments,
  listTopics,
  mergeTopicPages,
  type NamePage,
  type NamePageRequest,
  nextSegment,
  type RangeView,
  type SegmentPage,
  type TopicPage,
  type TopicSummary,
} from './vnode/query.ts'
export type {
  RangeRow,
  Replica,
  ReplicaList,
  ReplicaSeat,
  RequestRow,
  RowWrite,
  SegmentRow,
  SegmentSpan,
  TopicRow,
  VNodeRow,
} from './vnode/rows.ts'
export type { SegmentList } from './vnode/segment-list.ts'
export { exportRows, importRows, type StoredRow } from './vnode/snapshot.ts'
export { type RangeEntry, type TopicEntry, topicNameHash, VNodeState } from './vnode/state.ts'
