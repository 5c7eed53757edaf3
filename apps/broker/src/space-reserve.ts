import { type Disk, isEastGuardError } from '@eastguard/kernel'
import { codedError } from '@eastguard/protocol'

const fileName = 'reserve'
const reserveBytes = 2 ** 20

/**
 * Room for the first steps of a start on a full disk: the lock, the identity. A broker that cannot start can delete
 * nothing (H53a). Journal and metadata have reserves of their own.
 */
export class SpaceReserve {
  readonly #disk: Disk
  readonly #folder: string

  /** @param folder for people */
  constructor(disk: Disk, folder: string) {
    this.#disk = disk
    this.#folder = folder
  }

  /** Runs `work`, and once more without the reserve when the disk is full. @throws EG_DISK_FULL (give-up), and what `work` throws */
  async spend<Value>(work: () => Promise<Value>): Promise<Value> {
    try {
      return await work()
    } catch (error) {
      if (!isEastGuardError(error, 'EG_DISK_FULL')) throw error
      await this.#disk.remove(fileName).catch((missing: unknown) => {
        if (!isEastGuardError(missing, 'EG_DISK_NOT_FOUND')) throw missing
      })
    }
    try {
      return await work()
    } catch (error) {
      if (!isEastGuardError(error, 'EG_DISK_FULL')) throw error
      const message = `the disk that holds ${this.#folder} is full: free at least 1 MiB and start again`
      throw codedError('EG_DISK_FULL', message, error.facts, error)
    }
  }

  /** Sets the room aside again; a disk without any has none to set aside. */
  async restore(): Promise<void> {
    try {
      const file = await this.#disk.open(fileName, 'create')
      try {
        await file.write(0, [new Uint8Array(reserveBytes)])
      } finally {
        await file.close()
      }
    } catch (error) {
      if (isEastGuardError(error, 'EG_DISK_FULL')) await this.#disk.remove(fileName)
      else if (!isEastGuardError(error, 'EG_DISK_EXISTS')) throw error
    }
  }
}
