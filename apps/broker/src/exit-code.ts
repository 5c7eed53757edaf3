import { isEastGuardError } from '@eastguard/kernel'

// What `eastguard-broker` and `eastguard start` end with; the numbers are those of the whole command line tool.
const exitCodes: { readonly [code: string]: number } = {
  EG_SETTING_INVALID: 2,
  EG_ADDRESS_UNAVAILABLE: 2,
  EG_NO_CLUSTER: 3,
  EG_DISK_NOT_FOUND: 3,
  EG_ADDRESS_IN_USE: 4,
  EG_CLUSTER_EXISTS: 4,
  EG_DATA_DIR_LOCKED: 4,
  EG_WRONG_CLUSTER: 4,
  EG_DATA_DIR_FOREIGN: 4,
  EG_DISK_EXISTS: 4,
  EG_DISK_READ_ONLY: 5,
  EG_DATA_DIR_FORMAT: 5,
}

/** 1 for everything that the table does not name. */
export function startExitCode(error: unknown): number {
  return isEastGuardError(error) ? (exitCodes[error.code] ?? 1) : 1
}
