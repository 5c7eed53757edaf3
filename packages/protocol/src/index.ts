export { type ControlMap, type ControlValue, decodeControlBody, encodeControlBody } from './control-body.ts'
export { type ScanResult, scanControlBody } from './control-scan.ts'
export { codedError, type ErrorCode, type ErrorRow, errorCodes, errorRow, errorTable } from './error-table.ts'
export { Fields, type UintBounds } from './fields.ts'
export {
  countBytes,
  encodeFrame,
  type Frame,
  FrameCork,
  type FrameHead,
  frameHeaderBytes,
  splitMessage,
} from './frame.ts'
export {
  admitFrame,
  admitKind,
  type FrameOrigin,
  isUnaryKind,
  type Kind,
  type KindRow,
  kindKeys,
  kindOf,
  kindRow,
  kinds,
  type UnaryKind,
} from './kind.ts'
export {
  chooseLimits,
  controlDepthMax,
  controlItemCountMax,
  frameOverheadBytes,
  frameToClientBytesMax,
  helloBytesMax,
  type LimitRow,
  type Limits,
  limitNames,
  limitTable,
  messageFrameCountMax,
  pageCountDefault,
  pageCountMax,
  rangeCountMax,
  requestBytesMax,
  segmentPageCountMax,
} from './limits.ts'
export {
  type AlterTopic,
  type AlterTopicAnswer,
  decodeAlterTopic,
  decodeAlterTopicAnswer,
  encodeAlterTopic,
  encodeAlterTopicAnswer,
} from './message/alter-topic.ts'
export { type Append, appendHeadBytes, decodeAppend, encodeAppend } from './message/append.ts'
export { type AppendAck, type AppendReceipt, decodeAppendAck, encodeAppendAck } from './message/append-ack.ts'
export { type BrokerPlace } from './message/broker-place.ts'
export { type Close, decodeClose, encodeClose } from './message/close.ts'
export { type ConsumeOpened, decodeConsumeOpened, encodeConsumeOpened } from './message/consume-opened.ts'
export {
  type CreateTopic,
  type CreateTopicAnswer,
  decodeCreateTopic,
  decodeCreateTopicAnswer,
  encodeCreateTopic,
  encodeCreateTopicAnswer,
} from './message/create-topic.ts'
export {
  type DeleteTopic,
  type DeleteTopicAnswer,
  decodeDeleteTopic,
  decodeDeleteTopicAnswer,
  encodeDeleteTopic,
  encodeDeleteTopicAnswer,
} from './message/delete-topic.ts'
export {
  type BrokerAddress,
  type BrokerDisk,
  type DescribeBroker,
  type DescribeBrokerAnswer,
  decodeDescribeBroker,
  decodeDescribeBrokerAnswer,
  encodeDescribeBroker,
  encodeDescribeBrokerAnswer,
} from './message/describe-broker.ts'
export {
  type DescribeTopic,
  type DescribeTopicAnswer,
  decodeDescribeTopic,
  decodeDescribeTopicAnswer,
  encodeDescribeTopic,
  encodeDescribeTopicAnswer,
} from './message/describe-topic.ts'
export { decodeError, type ErrorBody, encodeError, fromErrorBody, toErrorBody } from './message/error.ts'
export {
  decodeFindOffset,
  decodeFindOffsetAnswer,
  encodeFindOffset,
  encodeFindOffsetAnswer,
  type FindOffset,
  type FindOffsetAnswer,
  type OffsetPoint,
} from './message/find-offset.ts'
export { decodeGoAway, encodeGoAway, type GoAway } from './message/go-away.ts'
export { decodeHello, encodeHello, type Hello } from './message/hello.ts'
export { decodeIdle, encodeIdle, type Idle } from './message/idle.ts'
export {
  decodeListSegments,
  decodeListSegmentsAnswer,
  encodeListSegments,
  encodeListSegmentsAnswer,
  type ListSegments,
  type ListSegmentsAnswer,
  type ReplicaDescription,
  type SegmentDescription,
} from './message/list-segments.ts'
export {
  decodeListTopics,
  decodeListTopicsAnswer,
  encodeListTopics,
  encodeListTopicsAnswer,
  type ListTopics,
  type ListTopicsAnswer,
  type TopicSummary,
} from './message/list-topics.ts'
export { decodeMoved, encodeMoved, type Moved, type MovedReason, type MovedTo } from './message/moved.ts'
export { decodeOpenConsume, encodeOpenConsume, type OpenConsume } from './message/open-consume.ts'
export { decodeOpenProduce, encodeOpenProduce, type OpenProduce } from './message/open-produce.ts'
export { decodeProduceOpened, encodeProduceOpened, type ProduceOpened } from './message/produce-opened.ts'
export { decodeProgress, encodeProgress, type Progress } from './message/progress.ts'
export { decodeRecords, encodeRecords, type Records, recordsHeadBytes } from './message/records.ts'
export { type RangeDescription, type TopicDescription } from './message/topic-description.ts'
export {
  decodeTrimTopic,
  decodeTrimTopicAnswer,
  encodeTrimTopic,
  encodeTrimTopicAnswer,
  type TrimmedRange,
  type TrimPoint,
  type TrimTopic,
  type TrimTopicAnswer,
} from './message/trim-topic.ts'
export { decodeWelcome, encodeWelcome, type Welcome } from './message/welcome.ts'
export { type Call, type CallAnswer, Calls, type FailedCall } from './session/calls.ts'
export {
  answerHello,
  BrokerHandshake,
  type BrokerIdentity,
  ClientHandshake,
  type ClientPeer,
  type HandshakeEffect,
  protocolVersions,
} from './session/handshake.ts'
export { ReceiveWindow } from './session/receive-window.ts'
export { SendWindow, type Window } from './session/send-window.ts'
export { StreamIds } from './session/stream-ids.ts'
export { checkTopicName, topicNameLengthMax } from './topic-name.ts'
export {
  checkRangesMode,
  checkTopicPolicy,
  policyBounds,
  policyFields,
  type RangesMode,
  type TopicPolicy,
  type TopicPolicyChange,
} from './topic-policy.ts'
export {
  type UnaryAnswer,
  type UnaryCodec,
  type UnaryHandlers,
  type UnaryMessages,
  type UnaryRequest,
  unaryCodecs,
} from './unary.ts'
