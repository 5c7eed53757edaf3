export type {
  DescribeBrokerAnswer,
  RangeDescription,
  RangesMode,
  SegmentDescription,
  TopicDescription,
  TopicPolicy,
  TopicSummary,
  TrimmedRange,
} from '@eastguard/protocol'
export {
  type Admin,
  type BrokerAdmin,
  type ListSegmentsOptions,
  type ListTopicsOptions,
  type SegmentAdmin,
  type TopicAdmin,
  type TrimBefore,
  type TrimOptions,
} from './admin/admin.ts'
export { type Page, type Pages } from './admin/pages.ts'
export { type CreateTopicOptions, type TopicPolicyOptions } from './admin/topic-options.ts'
export { type Components } from './components.ts'
export { connect, connectWith } from './connect.ts'
export { type Duration, parseDuration } from './duration.ts'
export { type ClusterIdentity, type ConnectOptions, type EastGuard } from './east-guard.ts'
export { type CallOptions } from './link/caller.ts'
export { type Producer, type SendOptions } from './producer/producer.ts'
export { type ProducerHeaders, type ProducerRecord } from './producer/producer-record.ts'
export { type ProducerSettings } from './producer/producer-settings.ts'
export { type BatchReceipt, type Receipt, type Receipts } from './producer/receipt.ts'
export { type Reader } from './reader/reader.ts'
export { type ReaderSettings, type ReadFrom, type ReadUntil } from './reader/reader-settings.ts'
export { type ReadRecord, type RecordBatch } from './reader/record-batch.ts'
export { type ClientSettings, defaultPort } from './settings.ts'
