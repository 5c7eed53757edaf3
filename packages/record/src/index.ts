export { BatchBuilder } from './batch-builder.ts'
export {
  type BatchHeader,
  batchAppendTime,
  batchBaseOffset,
  batchChecksum,
  batchMaxTimestamp,
  batchRecordCount,
  type CodecId,
  checkBatch,
  isStampValid,
  isUnstamped,
  peekBatchLength,
  readBatchHeader,
  stampBatch,
} from './batch-header.ts'
export { batchBytesMax, batchHeaderBytes, recordCountMax } from './batch-limits.ts'
export { BatchReader } from './batch-reader.ts'
export type { Codec } from './codec.ts'
export { keyHash } from './key-hash.ts'
export type { Record, RecordHeader } from './record.ts'
