import { mkdir, open, rm, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { asDiskError, systemWord } from './system-error.ts'

const blockBytes = 1024 * 1024

/** A file of written blocks that stands for space on the disk: given up when the disk is full, taken back later. */
export class SpaceReserve {
  readonly #path: string
  readonly #bytes: number
  #held: boolean

  private constructor(path: string, bytes: number, held: boolean) {
    this.#path = path
    this.#bytes = bytes
    this.#held = held
  }

  /** Makes the directory too. A disk that is already full opens without the reserve. @throws EG_DISK_* */
  static async open(path: string, bytes: number): Promise<SpaceReserve> {
    try {
      await mkdir(dirname(path), { recursive: true })
      const reserve = new SpaceReserve(path, bytes, (await sizeOf(path)) === bytes)
      await reserve.restore()
      return reserve
    } catch (error) {
      throw asDiskError('reserve', path, error)
    }
  }

  async release(): Promise<void> {
    this.#held = false
    await rm(this.#path, { force: true })
  }

  /** @returns whether the reserve is there */
  async restore(): Promise<boolean> {
    if (this.#held) return true
    const { bavail, bsize } = await statfs(dirname(this.#path))
    // Twice: taking it back must not fill the disk again at once.
    if (bavail * bsize < this.#bytes * 2) return false
    try {
      await writeZeros(this.#path, this.#bytes)
      this.#held = true
    } catch (error) {
      await rm(this.#path, { force: true })
      if (systemWord(error) !== 'ENOSPC') throw error
    }
    return this.#held
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (systemWord(error) === 'ENOENT') return undefined
    throw error
  }
}

async function writeZeros(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'w')
  try {
    const block = Buffer.alloc(Math.min(blockBytes, bytes))
    for (let at = 0; at < bytes; at += block.length) {
      await file.writeFile(block.subarray(0, Math.min(block.length, bytes - at)))
    }
    await file.datasync()
  } finally {
    await file.close()
  }
}
