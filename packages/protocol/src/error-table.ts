import { EastGuardError, type Facts, type Remedy } from '@eastguard/kernel'

// The only table of error codes. A number or a code is never given a second meaning and never used again; new ones
// are added at the end of their group. Groups: 1 protocol, 2 calls, 3 topics, 4 routes and placement, 5 batches and
// sessions, 6 storage, 7 process and connection.

export interface ErrorRow {
  /** On the wire, `u16`. */
  readonly number: number
  readonly remedy: Remedy
  /** One line for people, as printed in PROTOCOL.md. */
  readonly meaning: string
}

export const errorTable = {
  EG_MALFORMED: { number: 101, remedy: 'fix-call', meaning: 'bytes or fields do not follow the grammar' },
  EG_UNKNOWN_KIND: {
    number: 102,
    remedy: 'fix-call',
    meaning: 'the kind of the frame is unknown here, or not allowed on this port',
  },
  EG_UNSUPPORTED_VERSION: {
    number: 103,
    remedy: 'give-up',
    meaning: 'no protocol version, or version of a body, that both sides speak',
  },
  EG_WRONG_CLUSTER: {
    number: 104,
    remedy: 'fix-call',
    meaning: 'the broker belongs to another cluster than the one asked for',
  },
  EG_FRAME_TOO_LARGE: { number: 105, remedy: 'fix-call', meaning: 'a frame or message is larger than announced' },
  EG_UNEXPECTED_FRAME: {
    number: 106,
    remedy: 'fix-call',
    meaning: 'a known frame at the wrong moment or on the wrong stream',
  },
  EG_WINDOW_EXCEEDED: { number: 107, remedy: 'fix-call', meaning: 'more was sent than the window allows' },
  EG_TOO_MANY_STREAMS: {
    number: 108,
    remedy: 'retry',
    meaning: 'the connection has as many sessions as announced',
  },

  EG_INVALID_ARGUMENT: { number: 201, remedy: 'fix-call', meaning: 'a value is out of its bounds' },
  EG_INVALID_NAME: { number: 202, remedy: 'fix-call', meaning: 'a name does not follow the rule for names' },
  EG_TIMEOUT: { number: 203, remedy: 'retry', meaning: 'the deadline passed; the call had no effect' },
  EG_ABORTED: { number: 204, remedy: 'give-up', meaning: 'the caller aborted' },
  EG_OUTCOME_UNKNOWN: { number: 205, remedy: 'retry', meaning: 'the effect may have happened, now or later' },
  EG_OVERLOADED: { number: 206, remedy: 'retry', meaning: 'a bounded queue is full; nothing happened' },
  EG_INTERNAL: { number: 207, remedy: 'give-up', meaning: 'a bug: the log of the broker has more' },
  EG_ID_INVALID: { number: 208, remedy: 'fix-call', meaning: 'a text is not an id of this kind' },

  EG_TOPIC_NOT_FOUND: { number: 301, remedy: 'fix-call', meaning: 'there is no such topic' },
  EG_TOPIC_EXISTS: { number: 302, remedy: 'fix-call', meaning: 'a topic with this name exists' },
  EG_RANGE_NOT_FOUND: { number: 303, remedy: 'refresh-route', meaning: 'the topic has no such range' },
  EG_SEGMENT_NOT_FOUND: { number: 304, remedy: 'refresh-route', meaning: 'the topic has no such segment' },
  EG_OFFSET_OUT_OF_RANGE: {
    number: 305,
    remedy: 'fix-call',
    meaning: 'the offset is below the start or above the committed end',
  },
  EG_POLICY_UNSATISFIABLE: {
    number: 306,
    remedy: 'fix-call',
    meaning: 'the cluster cannot give what the policy asks for',
  },
  EG_RANGE_SEALED: {
    number: 307,
    remedy: 'refresh-route',
    meaning: 'the range takes no more appends: split, merged or deleted',
  },

  EG_NOT_COORDINATOR: {
    number: 401,
    remedy: 'refresh-route',
    meaning: 'another broker coordinates this name; nothing happened',
  },
  EG_NOT_LEADER: { number: 402, remedy: 'refresh-route', meaning: 'another broker leads the active segment' },
  EG_NOT_HERE: { number: 403, remedy: 'refresh-route', meaning: 'this broker holds no replica of what was asked' },
  EG_STALE: {
    number: 404,
    remedy: 'refresh-route',
    meaning: 'the follower has not heard from its leader for too long',
  },
  EG_UNREACHABLE: {
    number: 405,
    remedy: 'retry',
    meaning: 'the peer cannot be reached or the connection was lost; no effect',
  },

  EG_BATCH_MALFORMED: {
    number: 501,
    remedy: 'fix-call',
    meaning: 'a batch does not follow its layout or its checksum does not hold',
  },
  EG_BATCH_TOO_LARGE: { number: 502, remedy: 'fix-call', meaning: 'a batch is larger than announced' },
  EG_RECORD_TOO_LARGE: { number: 503, remedy: 'fix-call', meaning: 'one record is larger than a batch may be' },
  EG_WRONG_RANGE: { number: 504, remedy: 'refresh-route', meaning: "the batch's key hashes are not in the range" },
  EG_BUFFER_FULL: { number: 505, remedy: 'retry', meaning: "the producer's buffer is full; nothing was taken" },
  EG_CODEC_UNAVAILABLE: { number: 506, remedy: 'fix-call', meaning: 'the codec of the batch is not available here' },
  EG_PRODUCER_STATE_UNKNOWN: {
    number: 507,
    remedy: 'retry',
    meaning: 'the state of idempotent producers is lost: open a new epoch',
  },

  EG_DISK_NOT_FOUND: { number: 601, remedy: 'give-up', meaning: 'a file does not exist' },
  EG_DISK_EXISTS: { number: 602, remedy: 'give-up', meaning: 'a file exists already' },
  EG_DISK_READ_ONLY: { number: 603, remedy: 'give-up', meaning: 'the disk or the directory cannot be written' },
  EG_DISK_FULL: { number: 604, remedy: 'give-up', meaning: 'the disk is full: reading and deleting go on' },
  EG_DISK_FAILED: { number: 605, remedy: 'give-up', meaning: 'the disk answered with an error' },
  EG_STORAGE_FULL: { number: 606, remedy: 'give-up', meaning: 'the metadata store is full; removals still work' },
  EG_STORAGE_DAMAGED: { number: 607, remedy: 'give-up', meaning: 'the metadata store, or a value in it, is damaged' },
  EG_STORE_FAILED: { number: 608, remedy: 'give-up', meaning: 'a write or a sync failed: the broker stops' },
  EG_SEGMENT_SEALED: { number: 609, remedy: 'refresh-route', meaning: 'the segment is fenced or sealed' },
  EG_SEGMENT_UNKNOWN: { number: 610, remedy: 'refresh-route', meaning: 'the store holds no such segment' },
  EG_OFFSET_GAP: { number: 611, remedy: 'fix-call', meaning: 'a stamped batch does not continue the segment' },
  EG_DAMAGED: { number: 612, remedy: 'give-up', meaning: 'stored bytes fail their checksum; the facts name the place' },
  EG_NOT_LOADED: { number: 613, remedy: 'retry', meaning: 'not loaded yet' },
  EG_DATA_DIR_LOCKED: { number: 614, remedy: 'fix-call', meaning: 'another process uses the data directory' },
  EG_DATA_DIR_FOREIGN: {
    number: 615,
    remedy: 'fix-call',
    meaning: 'the data directory, or a file in it, belongs to another broker or cluster',
  },
  EG_DATA_DIR_FORMAT: {
    number: 616,
    remedy: 'give-up',
    meaning: 'the data directory has a format that this release does not read',
  },
  EG_DATA_DIR_DAMAGED: {
    number: 617,
    remedy: 'give-up',
    meaning: 'the identity, metadata or journal of the data directory is gone or damaged',
  },
  EG_NO_CLUSTER: { number: 618, remedy: 'fix-call', meaning: 'no cluster was ever created in the data directory' },
  EG_STORAGE_FAILED: { number: 619, remedy: 'give-up', meaning: 'the metadata store answered with an error' },
  EG_STORE_CLOSED: { number: 620, remedy: 'give-up', meaning: 'the segment store is closed' },
  EG_CLUSTER_EXISTS: { number: 622, remedy: 'fix-call', meaning: 'a cluster exists in the data directory already' },
  EG_UNKNOWN_COMMAND: { number: 623, remedy: 'give-up', meaning: 'a stored command is of a newer release' },

  EG_CLOSED: { number: 701, remedy: 'give-up', meaning: 'closed by its owner' },
  EG_SHUTTING_DOWN: { number: 702, remedy: 'refresh-route', meaning: 'the broker is stopping' },
  EG_ADDRESS_IN_USE: { number: 703, remedy: 'fix-call', meaning: 'another process listens on the address' },
  EG_ADDRESS_UNAVAILABLE: { number: 704, remedy: 'fix-call', meaning: 'the address is not one of this machine' },
  EG_SETTING_INVALID: { number: 705, remedy: 'fix-call', meaning: 'a setting is unknown or out of its bounds' },
} as const

export type ErrorCode = keyof typeof errorTable

/** Every code of the table, by number. */
export const errorCodes: readonly ErrorCode[] = (Object.keys(errorTable) as ErrorCode[]).toSorted(
  (a, b) => errorTable[a].number - errorTable[b].number,
)

/** The row of a code, or undefined for one that only a newer peer knows. */
export function errorRow(code: string): ErrorRow | undefined {
  return Object.hasOwn(errorTable, code) ? errorTable[code as ErrorCode] : undefined
}

/** An error with the remedy of the table. @param message for people: names the thing, the value and the limit */
export function codedError(code: ErrorCode, message: string, facts?: Facts, cause?: unknown): EastGuardError {
  return new EastGuardError({
    code,
    remedy: errorTable[code].remedy,
    message,
    ...(facts === undefined ? {} : { facts }),
    ...(cause === undefined ? {} : { cause }),
  })
}
