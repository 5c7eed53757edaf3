export type {
  AppendResult,
  DiskState,
  FenceAnswer,
  Place,
  ReadAnswer,
  RecoveryReport,
  SegmentState,
  SegmentStatus,
  StoreStats,
} from './answers.ts'
export {
  formatSegmentId,
  type Offset,
  parseSegmentId,
  type SegmentId,
  type SegmentIdParts,
  segmentIdBytes,
  segmentIdFromBytes,
  splitSegmentId,
} from './segment-id.ts'
export { defaultStoreSettings, type StoreSettings } from './settings.ts'
export { SegmentStore, type StoreComponents } from './store.ts'
