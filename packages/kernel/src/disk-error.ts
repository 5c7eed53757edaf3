import { EastGuardError, type Remedy } from './error.ts'

export type DiskErrorCode =
  | 'EG_DISK_NOT_FOUND'
  | 'EG_DISK_EXISTS'
  | 'EG_DISK_READ_ONLY'
  | 'EG_DISK_FULL'
  | 'EG_DISK_FAILED'

// A full or failing disk does not mend while the caller waits; a wrong path or mode stays wrong.
const remedies: { readonly [code in DiskErrorCode]: Remedy } = {
  EG_DISK_NOT_FOUND: 'fix-call',
  EG_DISK_EXISTS: 'fix-call',
  EG_DISK_READ_ONLY: 'give-up',
  EG_DISK_FULL: 'give-up',
  EG_DISK_FAILED: 'give-up',
}

/**
 * What every adapter of Disk rejects with.
 * @param operation the method that failed, `write`
 * @param system the operating system's own word, `ENOSPC`
 */
export function diskError(
  code: DiskErrorCode,
  operation: string,
  path: string,
  system: string,
  cause?: unknown,
): EastGuardError {
  return new EastGuardError({
    code,
    remedy: remedies[code],
    message: `${operation} of '${path}' failed: ${system}`,
    facts: { operation, path, system },
    cause,
  })
}
