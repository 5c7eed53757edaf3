export { AbortSource, abortReason, sleep, throwIfAborted, withTimeout } from './abort.ts'
export type { AbortSignal } from './abort-signal.ts'
export { BoundedQueue } from './bounded-queue.ts'
export type { Brand } from './brand.ts'
export { ByteReader } from './byte-reader.ts'
export { ByteWriter } from './byte-writer.ts'
export { compareBytes } from './compare-bytes.ts'
export { crc32 } from './crc32.ts'
export { type Deferred, deferred } from './deferred.ts'
export { type DiskErrorCode, diskError } from './disk-error.ts'
export { diskPathParts } from './disk-path.ts'
export { EastGuardError, type ErrorDetails, type Facts, isEastGuardError, type Remedy } from './error.ts'
export { InvariantError, invariant, unreachable } from './invariant.ts'
export { type Logger, silentLogger } from './logger.ts'
export {
  type Counter,
  type Gauge,
  type Histogram,
  type HistogramOptions,
  type Meter,
  type MetricLabels,
  type MetricOptions,
  silentMeter,
} from './meter.ts'
export { murmur3 } from './murmur3.ts'
export type {
  Acceptor,
  Address,
  Clock,
  Connection,
  ConnectionHandler,
  ConnectOptions,
  DatagramSocket,
  DirectoryEntry,
  Disk,
  DiskFile,
  GroupStorage,
  HttpAnswer,
  HttpRequest,
  Listener,
  ListenOptions,
  Network,
  Random,
  StorageEntry,
  StorageReads,
  StorageView,
  StorageWrite,
  Timer,
} from './ports.ts'
export { SeededRandom } from './seeded-random.ts'
export { decodeUtf8, encodeUtf8 } from './utf8.ts'
