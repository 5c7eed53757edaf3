import { type DiskErrorCode, diskError, type EastGuardError, isEastGuardError } from '@eastguard/kernel'

const diskCodes = new Map<string, DiskErrorCode>([
  ['ENOENT', 'EG_DISK_NOT_FOUND'],
  ['ENOTDIR', 'EG_DISK_NOT_FOUND'],
  ['EEXIST', 'EG_DISK_EXISTS'],
  ['EROFS', 'EG_DISK_READ_ONLY'],
  ['EACCES', 'EG_DISK_READ_ONLY'],
  ['EPERM', 'EG_DISK_READ_ONLY'],
  ['ENOSPC', 'EG_DISK_FULL'],
  ['EDQUOT', 'EG_DISK_FULL'],
])

/** The system's own word for an error of Node: `ENOENT`, or its message where it has none. */
export function systemWord(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}

export function asDiskError(operation: string, path: string, error: unknown): EastGuardError {
  if (isEastGuardError(error)) return error
  const word = systemWord(error)
  return diskError(diskCodes.get(word) ?? 'EG_DISK_FAILED', operation, path, word, error)
}
