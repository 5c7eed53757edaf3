import { codedError } from './error-table.ts'

/**
 * What a broker announces in `Welcome` and both sides keep to. Every bound that a peer must know is one of these or one
 * of the constants below.
 */
export interface Limits {
  /** Bytes of a frame, and of a message, to the broker. Those to the client: `frameToClientBytesMax`. */
  readonly frameBytesMax: number
  /** Bytes of a batch, header included. */
  readonly batchBytesMax: number
  /** Unacknowledged bytes of a produce session when it opens; each ack sets the window anew. */
  readonly produceWindowBytes: number
  /** Unacknowledged batches of a produce session when it opens. */
  readonly produceWindowBatches: number
  /** Largest window that a consume session may ask for, bytes. */
  readonly consumeWindowBytesMax: number
  /** Time from the opening of the connection to `Hello`, ms. */
  readonly helloTimeoutMs: number
  /** A consume session is never silent for longer, ms: `Idle` fills the gaps. */
  readonly idleIntervalMs: number
  /** Unary calls without an answer, per connection. */
  readonly callCountMax: number
  /** Open sessions, per connection. */
  readonly sessionCountMax: number
}

export interface LimitRow {
  readonly default: number
  readonly min: number
  readonly max: number
  readonly unit: 'bytes' | 'ms' | 'count'
  /** Price of moving it. */
  readonly note: string
}

const KiB = 1024
const MiB = 1024 * KiB

/** A frame may be larger than its batch by this. */
export const frameOverheadBytes: number = 64 * KiB
/**
 * Bytes of a frame or message from a broker, after the handshake: a batch as large as any that may be stored fits,
 * whatever `batchBytesMax` the broker announces now.
 */
export const frameToClientBytesMax: number = 16 * MiB + frameOverheadBytes
/** Bytes of the body of a call, and of an opening. */
export const requestBytesMax: number = 64 * KiB
/** Bytes of a frame or message before the handshake is done. */
export const helloBytesMax: number = 4 * KiB
/** Frames of one message; a cork starts a new message there. */
export const messageFrameCountMax = 4096
/** Depth of a control body. */
export const controlDepthMax = 16
/** Keys and values of a control body, counted over all its depths. */
export const controlItemCountMax = 65_536
/** Ranges of a topic. */
export const rangeCountMax = 4096
/** Entries of one page: topics and ranges. */
export const pageCountMax = 1000
/** Entries of one page of segments, each with its replicas. */
export const segmentPageCountMax = 500
/** Entries of a page when the request names no limit. */
export const pageCountDefault = 100

/** The closed table of announced limits. A default is what a client assumes when the field is missing. */
export const limitTable: { readonly [Name in keyof Limits]: LimitRow } = {
  frameBytesMax: {
    default: MiB + frameOverheadBytes,
    min: MiB + frameOverheadBytes,
    max: frameToClientBytesMax,
    unit: 'bytes',
    note: 'batchBytesMax + 64 KiB; memory that one connection can pin',
  },
  batchBytesMax: {
    default: MiB,
    min: KiB,
    max: 16 * MiB,
    unit: 'bytes',
    note: 'larger: fewer headers, longer stalls of what waits behind one batch',
  },
  produceWindowBytes: {
    default: 8 * MiB,
    min: 0,
    max: 256 * MiB,
    unit: 'bytes',
    note: 'a waiting append sees up to two syncs: 4 to 8 MiB hide them',
  },
  produceWindowBatches: {
    default: 256,
    min: 0,
    max: 65_536,
    unit: 'count',
    note: 'entries that broker and producer remember per session',
  },
  consumeWindowBytesMax: {
    default: 16 * MiB,
    min: 0,
    max: 256 * MiB,
    unit: 'bytes',
    note: 'bytes that a broker may have under way to one reader',
  },
  helloTimeoutMs: { default: 10_000, min: 1, max: 600_000, unit: 'ms', note: 'half-open connections live this long' },
  idleIntervalMs: { default: 1000, min: 1, max: 60_000, unit: 'ms', note: 'shorter finds a dead broker sooner' },
  callCountMax: { default: 1024, min: 1, max: 65_536, unit: 'count', note: 'memory per connection' },
  sessionCountMax: { default: 8192, min: 1, max: 1_048_576, unit: 'count', note: 'memory per connection' },
}

export const limitNames: readonly (keyof Limits)[] = Object.keys(limitTable) as (keyof Limits)[]

/**
 * The defaults, changed as asked; `frameBytesMax` grows with `batchBytesMax` unless it is given.
 * @throws EG_INVALID_ARGUMENT (fix-call) naming the limit, the value and its bounds
 */
export function chooseLimits(changes: Partial<Limits> = {}): Limits {
  const batchBytesMax = changes.batchBytesMax ?? limitTable.batchBytesMax.default
  checkLimit('batchBytesMax', batchBytesMax)
  const limits: Limits = {
    frameBytesMax: changes.frameBytesMax ?? Math.max(batchBytesMax + frameOverheadBytes, limitTable.frameBytesMax.min),
    batchBytesMax,
    produceWindowBytes: changes.produceWindowBytes ?? limitTable.produceWindowBytes.default,
    produceWindowBatches: changes.produceWindowBatches ?? limitTable.produceWindowBatches.default,
    consumeWindowBytesMax: changes.consumeWindowBytesMax ?? limitTable.consumeWindowBytesMax.default,
    helloTimeoutMs: changes.helloTimeoutMs ?? limitTable.helloTimeoutMs.default,
    idleIntervalMs: changes.idleIntervalMs ?? limitTable.idleIntervalMs.default,
    callCountMax: changes.callCountMax ?? limitTable.callCountMax.default,
    sessionCountMax: changes.sessionCountMax ?? limitTable.sessionCountMax.default,
  }
  for (const name of limitNames) checkLimit(name, limits[name])
  if (limits.frameBytesMax < batchBytesMax + frameOverheadBytes) {
    throw codedError(
      'EG_INVALID_ARGUMENT',
      `limit frameBytesMax is ${limits.frameBytesMax}; it must be batchBytesMax + ${frameOverheadBytes} or more`,
      { frameBytesMax: limits.frameBytesMax, batchBytesMax },
    )
  }
  return limits
}

function checkLimit(name: keyof Limits, value: number): void {
  const { min, max } = limitTable[name]
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw codedError('EG_INVALID_ARGUMENT', `limit ${name} is ${value}; it must be from ${min} to ${max}`, {
      name,
      value,
      min,
      max,
    })
  }
}
