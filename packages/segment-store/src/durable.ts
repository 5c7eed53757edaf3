import { type Disk, type DiskFile, EastGuardError, isEastGuardError } from '@eastguard/kernel'

/**
 * Syncs a file whose content somebody counts on. Whatever goes wrong is EG_DISK_FAILED, a full disk included: after a
 * failed sync nobody knows what the disk has, and trying again would only hide it (H52).
 */
export function syncFile(file: DiskFile, path: string): Promise<void> {
  return file.sync().catch((error: unknown) => {
    throw failedSync(path, error)
  })
}

/** H55: a name is durable once its directory is. */
export function syncNames(disk: Disk, directory: string): Promise<void> {
  return disk.syncDirectory(directory).catch((error: unknown) => {
    throw failedSync(directory, error)
  })
}

function failedSync(path: string, cause: unknown): EastGuardError {
  if (isEastGuardError(cause) && cause.code !== 'EG_DISK_FULL') return cause
  return new EastGuardError({
    code: 'EG_DISK_FAILED',
    remedy: 'give-up',
    message: `sync of '${path}' failed: ${cause instanceof Error ? cause.message : String(cause)}`,
    facts: { operation: 'sync', path },
    cause,
  })
}
