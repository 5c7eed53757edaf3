import type { FileHandle } from 'node:fs/promises'
import { type DiskFile, diskError } from '@eastguard/kernel'
import { asDiskError } from './system-error.ts'

/** IOV_MAX on Linux and macOS. */
const partCountMax = 1024

export class NodeFile implements DiskFile {
  readonly #handle: FileHandle
  readonly #path: string
  readonly #writable: boolean
  #state: 'open' | 'poisoned' | 'closed' = 'open'
  #closing: Promise<void> | undefined

  constructor(handle: FileHandle, path: string, writable: boolean) {
    this.#handle = handle
    this.#path = path
    this.#writable = writable
  }

  size(): Promise<number> {
    return this.#run('size', false, async () => (await this.#handle.stat()).size)
  }

  read(position: number, into: Uint8Array): Promise<number> {
    return this.#run('read', false, async () => {
      let done = 0
      while (done < into.length) {
        const { bytesRead } = await this.#handle.read(into, done, into.length - done, position + done)
        if (bytesRead === 0) break
        done += bytesRead
      }
      return done
    })
  }

  write(position: number, parts: readonly Uint8Array[]): Promise<void> {
    return this.#run('write', true, async () => {
      let at = position
      let left = parts.filter((part) => part.length > 0)
      while (left.length > 0) {
        const { bytesWritten } = await this.#handle.writev(left.slice(0, partCountMax), at)
        if (bytesWritten === 0) throw new Error('a write wrote nothing')
        at += bytesWritten
        left = afterBytes(left, bytesWritten)
      }
    })
  }

  async sync(): Promise<void> {
    await this.#run('sync', false, async () => {
      try {
        await this.#handle.datasync()
      } catch (error) {
        // H52: the system may have dropped the pages and call them clean; a second sync would lie.
        if (this.#state === 'open') this.#state = 'poisoned'
        throw error
      }
    })
  }

  truncate(size: number): Promise<void> {
    return this.#run('truncate', true, () => this.#handle.truncate(size))
  }

  close(): Promise<void> {
    this.#state = 'closed'
    this.#closing ??= this.#handle.close().catch((error: unknown) => {
      throw asDiskError('close', this.#path, error)
    })
    return this.#closing
  }

  async #run<Value>(operation: string, changes: boolean, work: () => Promise<Value>): Promise<Value> {
    if (this.#state !== 'open') {
      throw diskError('EG_DISK_FAILED', operation, this.#path, `the file is ${this.#state}`)
    }
    if (changes && !this.#writable) {
      throw diskError('EG_DISK_READ_ONLY', operation, this.#path, 'opened for reading')
    }
    try {
      return await work()
    } catch (error) {
      throw asDiskError(operation, this.#path, error)
    }
  }
}

/** What a short write left over. */
function afterBytes(parts: readonly Uint8Array[], written: number): Uint8Array[] {
  let skip = written
  let index = 0
  for (const part of parts) {
    if (part.length > skip) break
    skip -= part.length
    index++
  }
  const rest = parts.slice(index)
  const first = rest[0]
  if (first !== undefined && skip > 0) rest[0] = first.subarray(skip)
  return rest
}
