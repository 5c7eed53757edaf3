import { isEastGuardError } from '@eastguard/kernel'
import type { ErrorCode } from '@eastguard/protocol'

/** What a command ends with. Scripts rely on these numbers: none is ever given a second meaning. */
export const exitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  conflict: 4,
  notAllowed: 5,
  unreachable: 6,
  partlyDone: 7,
  needsYes: 8,
  unhealthy: 10,
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

/** One row for each error code of the project. */
export const exitCodeOfError: { readonly [Code in ErrorCode]: ExitCode } = {
  EG_MALFORMED: exitCode.failed,
  EG_UNKNOWN_KIND: exitCode.failed,
  EG_UNSUPPORTED_VERSION: exitCode.failed,
  EG_WRONG_CLUSTER: exitCode.conflict,
  EG_FRAME_TOO_LARGE: exitCode.failed,
  EG_UNEXPECTED_FRAME: exitCode.failed,
  EG_WINDOW_EXCEEDED: exitCode.failed,
  EG_TOO_MANY_STREAMS: exitCode.failed,

  EG_INVALID_ARGUMENT: exitCode.usage,
  EG_INVALID_NAME: exitCode.usage,
  EG_TIMEOUT: exitCode.unreachable,
  EG_ABORTED: exitCode.interrupted,
  EG_OUTCOME_UNKNOWN: exitCode.unreachable,
  EG_OVERLOADED: exitCode.unreachable,
  EG_INTERNAL: exitCode.failed,
  EG_ID_INVALID: exitCode.usage,

  EG_TOPIC_NOT_FOUND: exitCode.notFound,
  EG_TOPIC_EXISTS: exitCode.conflict,
  EG_RANGE_NOT_FOUND: exitCode.notFound,
  EG_SEGMENT_NOT_FOUND: exitCode.notFound,
  EG_OFFSET_OUT_OF_RANGE: exitCode.usage,
  EG_POLICY_UNSATISFIABLE: exitCode.notAllowed,
  EG_RANGE_SEALED: exitCode.conflict,

  EG_NOT_COORDINATOR: exitCode.unreachable,
  EG_NOT_LEADER: exitCode.unreachable,
  EG_NOT_HERE: exitCode.unreachable,
  EG_STALE: exitCode.unreachable,
  EG_UNREACHABLE: exitCode.unreachable,

  EG_BATCH_MALFORMED: exitCode.failed,
  EG_BATCH_TOO_LARGE: exitCode.usage,
  EG_RECORD_TOO_LARGE: exitCode.usage,
  EG_WRONG_RANGE: exitCode.conflict,
  EG_BUFFER_FULL: exitCode.unreachable,
  EG_CODEC_UNAVAILABLE: exitCode.notAllowed,
  EG_PRODUCER_STATE_UNKNOWN: exitCode.failed,

  EG_DISK_NOT_FOUND: exitCode.notFound,
  EG_DISK_EXISTS: exitCode.conflict,
  EG_DISK_READ_ONLY: exitCode.notAllowed,
  EG_DISK_FULL: exitCode.failed,
  EG_DISK_FAILED: exitCode.failed,
  EG_STORAGE_FULL: exitCode.failed,
  EG_STORAGE_DAMAGED: exitCode.failed,
  EG_STORE_FAILED: exitCode.failed,
  EG_SEGMENT_SEALED: exitCode.conflict,
  EG_SEGMENT_UNKNOWN: exitCode.notFound,
  EG_OFFSET_GAP: exitCode.conflict,
  EG_DAMAGED: exitCode.failed,
  EG_NOT_LOADED: exitCode.unreachable,
  EG_DATA_DIR_LOCKED: exitCode.conflict,
  EG_DATA_DIR_FOREIGN: exitCode.conflict,
  EG_DATA_DIR_FORMAT: exitCode.notAllowed,
  EG_DATA_DIR_DAMAGED: exitCode.failed,
  EG_NO_CLUSTER: exitCode.notFound,
  EG_STORAGE_FAILED: exitCode.failed,
  EG_STORE_CLOSED: exitCode.failed,
  EG_CLUSTER_EXISTS: exitCode.conflict,
  EG_UNKNOWN_COMMAND: exitCode.failed,

  EG_CLOSED: exitCode.failed,
  EG_SHUTTING_DOWN: exitCode.unreachable,
  EG_ADDRESS_IN_USE: exitCode.conflict,
  EG_ADDRESS_UNAVAILABLE: exitCode.usage,
  EG_SETTING_INVALID: exitCode.usage,
}

/** 1 for what is no error of ours, and for codes that only a newer broker knows. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandFailure) return error.exitCode
  if (!isEastGuardError(error) || !Object.hasOwn(exitCodeOfError, error.code)) return exitCode.failed
  return exitCodeOfError[error.code as ErrorCode] // own key of the table
}

/** An outcome whose exit code is not that of its error code: partly done, not confirmed. */
export class CommandFailure extends Error {
  readonly exitCode: ExitCode
  readonly facts: { readonly [name: string]: string | number | boolean | null | undefined }

  constructor(
    code: ExitCode,
    message: string,
    details: { readonly facts?: CommandFailure['facts']; readonly cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'CommandFailure'
    this.exitCode = code
    this.facts = details.facts ?? {}
  }
}
