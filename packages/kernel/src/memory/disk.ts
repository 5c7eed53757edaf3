import { type DiskErrorCode, diskError } from '../disk-error.ts'
import { diskPathParts } from '../disk-path.ts'
import { EastGuardError } from '../error.ts'
import { joinBytes } from '../join-bytes.ts'
import type { DirectoryEntry, Disk, DiskFile } from '../ports.ts'
import { type DiskFault, DiskFaults, type DiskOperation } from './disk-faults.ts'
import { Inode } from './inode.ts'

/** `entries` is what a running system shows, `durable` what the last syncDirectory left for after a crash. */
class Directory {
  entries = new Map<string, Inode | Directory>()
  durable = new Map<string, Inode | Directory>()
}

/**
 * Files in memory that forget, at `crash()`, everything that no sync has covered: bytes, lengths, names.
 *
 * Calls take effect a turn after they were made, in their order, as borrowed buffers deserve.
 */
export class MemoryDisk implements Disk {
  readonly #root = new Directory()
  readonly #faults = new DiskFaults()
  readonly #locks = new Set<string>()
  #capacityBytes: number
  #usedBytes = 0
  #generation = 0

  constructor(options: { readonly capacityBytes?: number } = {}) {
    this.#capacityBytes = options.capacityBytes ?? 2 ** 40
  }

  /** The power fails: all that was not synced is gone, open files fail from now on, locks are free. */
  crash(): void {
    this.#generation++
    this.#locks.clear()
    this.#usedBytes = restore(this.#root, new Set())
  }

  /** Makes one later call fail. A failed write has written its first half; a failed sync leaves nothing durable. */
  fail(fault: DiskFault): void {
    this.#faults.add(fault)
  }

  /** Calls of this operation wait until the returned function is called. */
  hold(operation: DiskOperation, path?: string): () => void {
    return this.#faults.hold(operation, path)
  }

  /** How often an operation was called, on one path or on all. */
  callCount(operation: DiskOperation, path?: string): number {
    return this.#faults.count(operation, path)
  }

  setCapacity(capacityBytes: number): void {
    this.#capacityBytes = capacityBytes
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    await this.#enter('open', path)
    const { parent, name } = this.#place(path, 'open')
    const found = parent.entries.get(name)
    if (found instanceof Directory) throw diskError('EG_DISK_FAILED', 'open', path, 'it is a directory')
    if (mode === 'create' && found !== undefined) throw diskError('EG_DISK_EXISTS', 'open', path, 'it exists')
    if (mode !== 'create' && found === undefined) throw notFound('open', path)
    const inode = found ?? new Inode()
    parent.entries.set(name, inode)
    return this.#handle(path, inode, mode !== 'read')
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#enter('rename', from)
    const source = this.#place(from, 'rename')
    const target = this.#place(to, 'rename')
    const moved = source.parent.entries.get(source.name)
    if (moved === undefined) throw notFound('rename', from)
    const replaced = target.parent.entries.get(target.name)
    if (replaced === moved) return
    if (replaced instanceof Directory) throw diskError('EG_DISK_FAILED', 'rename', to, 'it is a directory')
    if (replaced !== undefined) this.#usedBytes -= replaced.size
    source.parent.entries.delete(source.name)
    target.parent.entries.set(target.name, moved)
  }

  async remove(path: string): Promise<void> {
    await this.#enter('remove', path)
    const { parent, name } = this.#place(path, 'remove')
    const found = parent.entries.get(name)
    if (found === undefined) throw notFound('remove', path)
    if (found instanceof Directory) {
      if (found.entries.size > 0) throw diskError('EG_DISK_FAILED', 'remove', path, 'it is not empty')
    } else {
      this.#usedBytes -= found.size
    }
    parent.entries.delete(name)
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#enter('makeDirectory', path)
    let directory = this.#root
    for (const part of diskPathParts(path)) {
      const found = directory.entries.get(part) ?? new Directory()
      if (found instanceof Inode) throw diskError('EG_DISK_EXISTS', 'makeDirectory', path, 'a file is in the way')
      directory.entries.set(part, found)
      directory.durable.set(part, found)
      directory = found
    }
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#enter('syncDirectory', path)
    const directory = this.#directory(diskPathParts(path), 'syncDirectory', path)
    directory.durable = new Map(directory.entries)
  }

  async list(path: string): Promise<readonly DirectoryEntry[]> {
    await this.#enter('list', path)
    const directory = this.#directory(diskPathParts(path), 'list', path)
    return [...directory.entries]
      .map(([name, entry]) => ({ name, directory: entry instanceof Directory }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async space(): Promise<{ readonly usedBytes: number; readonly availableBytes: number }> {
    return { usedBytes: this.#usedBytes, availableBytes: Math.max(0, this.#capacityBytes - this.#usedBytes) }
  }

  async lock(path: string): Promise<AsyncDisposable> {
    if (this.#locks.has(path)) {
      throw new EastGuardError({
        code: 'EG_DATA_DIR_LOCKED',
        remedy: 'fix-call',
        message: `'${path}' is locked by this process`,
        facts: { path },
      })
    }
    this.#locks.add(path)
    const generation = this.#generation
    let held = true
    return {
      [Symbol.asyncDispose]: async () => {
        if (held && generation === this.#generation) this.#locks.delete(path)
        held = false
      },
    }
  }

  async #enter(operation: DiskOperation, path: string): Promise<void> {
    const generation = this.#generation
    const error = await this.#faults.enter(operation, path)
    if (error !== undefined) throw error
    if (generation !== this.#generation) throw diskError('EG_DISK_FAILED', operation, path, 'the disk crashed')
  }

  #handle(path: string, inode: Inode, writable: boolean): DiskFile {
    const generation = this.#generation
    let state: 'open' | 'poisoned' | 'closed' = 'open'
    const enter = async (operation: DiskOperation): Promise<Error | undefined> => {
      const error = await this.#faults.enter(operation, path)
      if (state !== 'open') throw diskError('EG_DISK_FAILED', operation, path, `the file is ${state}`)
      if (generation !== this.#generation) throw diskError('EG_DISK_FAILED', operation, path, 'the disk crashed')
      if (operation !== 'read' && operation !== 'sync' && !writable) {
        throw diskError('EG_DISK_READ_ONLY', operation, path, 'opened for reading')
      }
      return error
    }
    return {
      size: async () => {
        if (state !== 'open') throw diskError('EG_DISK_FAILED', 'size', path, `the file is ${state}`)
        return inode.size
      },
      read: async (position, into) => {
        const error = await enter('read')
        if (error !== undefined) throw error
        return inode.read(position, into)
      },
      write: async (position, parts) => {
        const error = await enter('write')
        const bytes = joinBytes(parts)
        const written = error === undefined ? bytes : bytes.subarray(0, bytes.length >>> 1)
        this.#charge(inode, Math.max(inode.size, position + written.length), 'write', path)
        inode.write(position, written)
        if (error !== undefined) throw error
      },
      sync: async () => {
        const error = await enter('sync')
        if (error === undefined) return inode.sync()
        inode.syncFailed()
        state = 'poisoned'
        throw error
      },
      truncate: async (size) => {
        const error = await enter('truncate')
        if (error !== undefined) throw error
        this.#charge(inode, size, 'truncate', path)
        inode.truncate(size)
      },
      close: async () => {
        state = 'closed'
      },
    }
  }

  #charge(inode: Inode, sizeAfter: number, operation: DiskOperation, path: string): void {
    const used = this.#usedBytes + sizeAfter - inode.size
    if (sizeAfter > inode.size && used > this.#capacityBytes) {
      throw diskError('EG_DISK_FULL', operation, path, `the disk holds ${this.#capacityBytes} bytes`)
    }
    this.#usedBytes = used
  }

  #place(path: string, operation: DiskOperation): { readonly parent: Directory; readonly name: string } {
    const parts = diskPathParts(path)
    const name = parts.at(-1)
    if (name === undefined) throw diskError('EG_DISK_FAILED', operation, path, 'it is the root')
    return { parent: this.#directory(parts.slice(0, -1), operation, path), name }
  }

  #directory(parts: readonly string[], operation: DiskOperation, path: string): Directory {
    let directory = this.#root
    for (const part of parts) {
      const found = directory.entries.get(part)
      if (!(found instanceof Directory)) throw notFound(operation, path)
      directory = found
    }
    return directory
  }
}

function notFound(operation: DiskOperation, path: string): EastGuardError {
  const code: DiskErrorCode = 'EG_DISK_NOT_FOUND'
  return diskError(code, operation, path, 'there is no such file or directory')
}

/** Back to the durable names and bytes. @returns the bytes of what is left, a file with two names counted once */
function restore(directory: Directory, seen: Set<Inode>): number {
  directory.entries = new Map(directory.durable)
  let bytes = 0
  for (const entry of directory.entries.values()) {
    if (entry instanceof Directory) bytes += restore(entry, seen)
    else if (!seen.has(entry)) {
      seen.add(entry)
      entry.crash()
      bytes += entry.size
    }
  }
  return bytes
}
