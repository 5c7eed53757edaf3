import type { Clock, Disk, EastGuardError, Logger, Meter, Random } from '@eastguard/kernel'
import type { AppendResult, FenceAnswer, ReadAnswer, RecoveryReport, SegmentStatus, StoreStats } from './answers.ts'
import type { Offset, SegmentId } from './segment-id.ts'
import type { StoreSettings } from './settings.ts'

export interface StoreComponents {
  /** Rooted at the data directory; the store uses `journal/` and `segments/`. */
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly meter: Meter
}

export declare class SegmentStore implements AsyncDisposable {
  static open(settings: StoreSettings, components: StoreComponents): Promise<SegmentStore>
  readonly recovered: RecoveryReport
  readonly failed: Promise<EastGuardError>
  create(id: SegmentId, startOffset: Offset, prelude: Uint8Array): void
  append(id: SegmentId, batch: Uint8Array): Promise<AppendResult>
  appendStamped(id: SegmentId, batch: Uint8Array, options?: { readonly settle?: boolean }): Promise<AppendResult>
  commit(id: SegmentId, offset: Offset): void
  fence(id: SegmentId): Promise<FenceAnswer>
  truncate(id: SegmentId, end: Offset): Promise<void>
  seal(id: SegmentId, end: Offset): Promise<void>
  forget(id: SegmentId): Promise<void>
  read(id: SegmentId, from: Offset, bytesMax: number): Promise<ReadAnswer>
  findTime(id: SegmentId, time: number): Promise<Offset | undefined>
  status(id: SegmentId): SegmentStatus | undefined
  segments(): Iterable<SegmentStatus>
  stats(): StoreStats
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
