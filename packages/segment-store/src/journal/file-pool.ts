import { type Disk, type DiskFile, isEastGuardError } from '@eastguard/kernel'
import { syncFile, syncNames } from '../durable.ts'
import { encodeJournalHeader, type JournalHeader, journalFileName } from '../format/journal-header.ts'
import { Lane } from '../lane.ts'

export const journalDirectory = 'journal'

const spareCountMax = 2
const zeroBytes = 1024 * 1024

export interface FilePoolSettings {
  readonly storeId: Uint8Array
  readonly journalFileBytes: number
}

/**
 * Journal files before and after their use. A spare's blocks have been written and synced, off the append path (H59);
 * it carries no sequence. A used file becomes a spare again.
 *
 * ```
 *   make ──► spare-3.jnl ──take: header, sync, rename, sync directory──► 0000000012.jnl
 *                 ▲                                                            │
 *                 └────────────give: rename, sync directory ◄──────────────────┘
 * ```
 */
export class FilePool {
  readonly #disk: Disk
  readonly #settings: FilePoolSettings
  readonly #failed: (error: unknown) => void
  readonly #lane = new Lane()
  #spares: string[]
  #spareNumber: number
  #exhausted = false
  #closed = false

  /** @param spares names of spare files of the right size @param failed takes errors of background work */
  constructor(disk: Disk, settings: FilePoolSettings, spares: readonly string[], failed: (error: unknown) => void) {
    this.#disk = disk
    this.#settings = settings
    this.#failed = failed
    this.#spares = [...spares]
    this.#spareNumber = 1 + Math.max(0, ...spares.map((name) => Number(/^spare-(\d+)\.jnl$/.exec(name)?.[1])))
  }

  /** The last attempt to make a spare found the disk full. */
  get exhausted(): boolean {
    return this.#exhausted
  }

  /** Makes sure, in the background, that the next `take` finds a spare. */
  prepare(): void {
    if (this.#closed || this.#spares.length > 0 || this.#lane.count > 0) return
    this.#lane
      .run(async () => {
        if (!this.#closed && this.#spares.length === 0) await this.#make()
      })
      .catch((error: unknown) => {
        if (!isEastGuardError(error, 'EG_DISK_FULL')) this.#failed(error)
      })
  }

  /**
   * A file that is ready for its first frame, under its name.
   * @throws EG_DISK_FULL: there is no spare and none could be made
   */
  take(header: JournalHeader): Promise<DiskFile> {
    return this.#lane.run(async () => {
      if (this.#spares.length === 0) await this.#make()
      const spare = this.#spares[0] ?? ''
      const file = await this.#disk.open(`${journalDirectory}/${spare}`, 'write')
      try {
        await this.#name(spare, file, header)
        return file
      } catch (error) {
        await file.close()
        throw error
      }
    })
  }

  /** Takes files back, oldest first. They must be needed by nobody. */
  give(names: readonly string[]): Promise<void> {
    return this.#lane.run(async () => {
      const spares: string[] = []
      for (const name of names) {
        const path = `${journalDirectory}/${name}`
        if (this.#spares.length + spares.length < spareCountMax) {
          const spare = `spare-${this.#spareNumber++}.jnl`
          if (await this.#keep(path, `${journalDirectory}/${spare}`)) spares.push(spare)
        } else await this.#disk.remove(path)
      }
      // Before any header is overwritten: else a crash could leave the old name on a file without a header.
      await syncNames(this.#disk, journalDirectory)
      this.#spares.push(...spares)
      if (this.#spares.length > 0) this.#exhausted = false
    })
  }

  /** Idempotent; waits for background work. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#lane.run(async () => {})
  }

  /** @returns false when there is no room for the other name: then the file is gone, which makes some. */
  async #keep(path: string, spare: string): Promise<boolean> {
    try {
      await this.#disk.rename(path, spare)
      return true
    } catch (error) {
      if (!isEastGuardError(error, 'EG_DISK_FULL')) throw error
      await this.#disk.remove(path)
      return false
    }
  }

  async #name(spare: string, file: DiskFile, header: JournalHeader): Promise<void> {
    // H54a: the header says where the file before ends, so it is written only now that this is decided.
    await file.write(0, [encodeJournalHeader(header, this.#settings.storeId)])
    await syncFile(file, spare)
    const path = `${journalDirectory}/${journalFileName(header.sequence)}`
    await this.#disk.rename(`${journalDirectory}/${spare}`, path)
    this.#spares.shift()
    await syncNames(this.#disk, journalDirectory) // H55
  }

  async #make(): Promise<void> {
    const name = `spare-${this.#spareNumber++}.jnl`
    const unfinished = `${journalDirectory}/${name}.new`
    try {
      const file = await this.#disk.open(unfinished, 'create')
      try {
        const zeros = new Uint8Array(Math.min(zeroBytes, this.#settings.journalFileBytes))
        for (let at = 0; at < this.#settings.journalFileBytes; at += zeros.length) {
          await file.write(at, [zeros.subarray(0, Math.min(zeros.length, this.#settings.journalFileBytes - at))])
        }
        await file.sync()
      } finally {
        await file.close()
      }
      await this.#disk.rename(unfinished, `${journalDirectory}/${name}`)
      this.#spares.push(name)
      this.#exhausted = false
    } catch (error) {
      if (isEastGuardError(error, 'EG_DISK_FULL')) {
        this.#exhausted = true
        await this.#disk.remove(unfinished).catch(() => {}) // what is left is removed at the next start
      }
      throw error
    }
  }
}
