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
export type { StoreComponents } from './machine.ts'
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
export { SegmentStore } from './store.ts'
