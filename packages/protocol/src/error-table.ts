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
  EG_MALFORMED: row(101, 'fix-call', 'bytes or fields do not follow the grammar'),
  EG_UNKNOWN_KIND: row(102, 'fix-call', 'the kind of the frame is unknown here, or not allowed on this port'),
  EG_UNSUPPORTED_VERSION: row(103, 'give-up', 'no protocol version, or version of a body, that both sides speak'),
  EG_WRONG_CLUSTER: row(104, 'fix-call', 'the broker belongs to another cluster than the one asked for'),
  EG_FRAME_TOO_LARGE: row(105, 'fix-call', 'a frame or message is larger than announced'),
  EG_UNEXPECTED_FRAME: row(106, 'fix-call', 'a known frame at the wrong moment or on the wrong stream'),
  EG_WINDOW_EXCEEDED: row(107, 'fix-call', 'more was sent than the window allows'),
  EG_TOO_MANY_STREAMS: row(108, 'retry', 'the connection has as many calls or sessions as announced'),

  EG_INVALID_ARGUMENT: row(201, 'fix-call', 'a value is out of its bounds'),
  EG_INVALID_NAME: row(202, 'fix-call', 'a name does not follow the rule for names'),
  EG_TIMEOUT: row(203, 'retry', 'the deadline passed; the call had no effect'),
  EG_ABORTED: row(204, 'give-up', 'the caller aborted'),
  EG_OUTCOME_UNKNOWN: row(205, 'retry', 'the effect may have happened, now or later'),
  EG_OVERLOADED: row(206, 'retry', 'a bounded queue is full; nothing happened'),
  EG_INTERNAL: row(207, 'give-up', 'a bug: the log of the broker has more'),

  EG_TOPIC_NOT_FOUND: row(301, 'fix-call', 'there is no such topic'),
  EG_TOPIC_EXISTS: row(302, 'fix-call', 'a topic with this name exists'),
  EG_RANGE_NOT_FOUND: row(303, 'refresh-route', 'the topic has no such range'),
  EG_SEGMENT_NOT_FOUND: row(304, 'refresh-route', 'the topic has no such segment'),
  EG_OFFSET_OUT_OF_RANGE: row(305, 'fix-call', 'the offset is below the start or above the committed end'),
  EG_POLICY_UNSATISFIABLE: row(306, 'fix-call', 'the cluster cannot give what the policy asks for'),
  EG_RANGE_SEALED: row(307, 'refresh-route', 'the range takes no more appends: split, merged or deleted'),

  EG_NOT_COORDINATOR: row(401, 'refresh-route', 'another broker coordinates this name; nothing happened'),
  EG_NOT_LEADER: row(402, 'refresh-route', 'another broker leads the active segment'),
  EG_NOT_HERE: row(403, 'refresh-route', 'this broker holds no replica of what was asked'),
  EG_STALE: row(404, 'refresh-route', 'the follower has not heard from its leader for too long'),
  EG_UNREACHABLE: row(405, 'retry', 'the peer cannot be reached or the connection was lost; no effect'),

  EG_BATCH_MALFORMED: row(501, 'fix-call', 'a batch does not follow its layout or its checksum does not hold'),
  EG_BATCH_TOO_LARGE: row(502, 'fix-call', 'a batch is larger than announced'),
  EG_RECORD_TOO_LARGE: row(503, 'fix-call', 'one record is larger than a batch may be'),
  EG_WRONG_RANGE: row(504, 'refresh-route', "the batch's key hashes are not in the range"),
  EG_BUFFER_FULL: row(505, 'retry', "the producer's buffer is full; nothing was taken"),
  EG_CODEC_UNAVAILABLE: row(506, 'fix-call', 'the codec of the batch is not available here'),
  EG_PRODUCER_STATE_UNKNOWN: row(507, 'retry', 'the state of idempotent producers is lost: open a new epoch'),

  EG_DISK_NOT_FOUND: row(601, 'give-up', 'a file does not exist'),
  EG_DISK_EXISTS: row(602, 'give-up', 'a file exists already'),
  EG_DISK_READ_ONLY: row(603, 'give-up', 'the disk or the directory cannot be written'),
  EG_DISK_FULL: row(604, 'give-up', 'the disk is full: reading and deleting go on'),
  EG_DISK_FAILED: row(605, 'give-up', 'the disk answered with an error'),
  EG_STORAGE_FULL: row(606, 'give-up', 'the metadata store is full; removals still work'),
  EG_STORAGE_DAMAGED: row(607, 'give-up', 'a value of the metadata store fails its checksum'),
  EG_STORE_FAILED: row(608, 'give-up', 'a write or a sync failed: the broker stops'),
  EG_SEGMENT_SEALED: row(609, 'refresh-route', 'the segment is fenced or sealed'),
  EG_SEGMENT_UNKNOWN: row(610, 'refresh-route', 'the store holds no such segment'),
  EG_OFFSET_GAP: row(611, 'refresh-route', 'a stamped batch does not continue the segment'),
  EG_DAMAGED: row(612, 'give-up', 'stored bytes fail their checksum; the facts name the place'),
  EG_NOT_LOADED: row(613, 'retry', 'not loaded yet'),
  EG_DATA_DIR_LOCKED: row(614, 'fix-call', 'another process uses the data directory'),
  EG_DATA_DIR_FOREIGN: row(
    615,
    'fix-call',
    'the data directory, or a file in it, belongs to another broker or cluster',
  ),
  EG_DATA_DIR_FORMAT: row(616, 'fix-call', 'the data directory has a format that this release does not read'),

  EG_CLOSED: row(701, 'give-up', 'closed by its owner'),
  EG_SHUTTING_DOWN: row(702, 'refresh-route', 'the broker is stopping'),
  EG_ADDRESS_IN_USE: row(703, 'fix-call', 'another process listens on the address'),
  EG_ADDRESS_UNAVAILABLE: row(704, 'fix-call', 'the address is not one of this machine'),
  EG_SETTINGS_INVALID: row(705, 'fix-call', 'a setting is unknown or out of its bounds'),
} as const satisfies { readonly [code: `EG_${string}`]: ErrorRow }

export type ErrorCode = keyof typeof errorTable

/** Every code of the table, by number. */
export const errorCodes: readonly ErrorCode[] = (Object.keys(errorTable) as ErrorCode[]).toSorted(
  (a, b) => errorTable[a].number - errorTable[b].number,
)

function row<Code extends number, Todo extends Remedy>(
  number: Code,
  remedy: Todo,
  meaning: string,
): { readonly number: Code; readonly remedy: Todo; readonly meaning: string } {
  return { number, remedy, meaning }
}

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
