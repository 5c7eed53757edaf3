import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm, rmdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { type DirectoryEntry, type Disk, type DiskFile, diskError, diskPathParts } from '@eastguard/kernel'
import { lockDataDir } from './data-dir-lock.ts'
import { NodeFile } from './node-file.ts'
import { asDiskError } from './system-error.ts'

const flags = {
  read: constants.O_RDONLY,
  write: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
} as const

/** Files under one directory of this machine. */
export class NodeDisk implements Disk {
  readonly #root: string

  private constructor(root: string) {
    this.#root = root
  }

  /** Makes the root, durably, when it is missing. @throws EG_DISK_*; EG_DISK_EXISTS (fix-call) where a file has its name */
  static async open({ root }: { readonly root: string }): Promise<NodeDisk> {
    const isFile = await stat(root).then(
      (found) => !found.isDirectory(),
      () => false, // missing, or its making says what is wrong
    )
    if (isFile) throw diskError('EG_DISK_EXISTS', 'makeDirectory', root, 'it is a file; name a folder, or a new one')
    await makeDurableDirectory(root, root)
    return new NodeDisk(root)
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    const full = this.#resolve(path)
    const handle = await translated('open', path, () => open(full, flags[mode], 0o644))
    return new NodeFile(handle, path, mode !== 'read')
  }

  async rename(from: string, to: string): Promise<void> {
    const [source, target] = [this.#resolve(from), this.#resolve(to)]
    await translated('rename', from, () => rename(source, target))
  }

  async remove(path: string): Promise<void> {
    const full = this.#resolve(path)
    await translated('remove', path, async () => {
      if ((await stat(full)).isDirectory()) await rmdir(full)
      else await rm(full)
    })
  }

  async makeDirectory(path: string): Promise<void> {
    await makeDurableDirectory(this.#resolve(path), path)
  }

  async syncDirectory(path: string): Promise<void> {
    const full = this.#resolve(path)
    await translated('syncDirectory', path, () => syncDirectory(full))
  }

  async list(path: string): Promise<readonly DirectoryEntry[]> {
    const full = this.#resolve(path)
    const entries = await translated('list', path, () => readdir(full, { withFileTypes: true }))
    return entries
      .map((entry) => ({ name: entry.name, directory: entry.isDirectory() }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async space(): Promise<{ readonly usedBytes: number; readonly availableBytes: number }> {
    const { bsize, blocks, bfree, bavail } = await translated('space', '', () => statfs(this.#root))
    return { usedBytes: (blocks - bfree) * bsize, availableBytes: bavail * bsize }
  }

  async lock(path: string): Promise<AsyncDisposable> {
    const full = this.#resolve(path)
    return await translated('lock', path, () => lockDataDir(full))
  }

  #resolve(path: string): string {
    return join(this.#root, ...diskPathParts(path))
  }
}

async function makeDurableDirectory(full: string, path: string): Promise<void> {
  await translated('makeDirectory', path, async () => {
    const first = await mkdir(full, { recursive: true })
    if (first === undefined) return
    // H55: the new name lives in its parent; sync every directory from the last new one up to the first old one.
    for (let directory = full; directory.length >= first.length; directory = join(directory, '..')) {
      await syncDirectory(directory)
    }
    await syncDirectory(join(first, '..'))
  })
}

async function syncDirectory(full: string): Promise<void> {
  let handle: FileHandle | undefined
  try {
    handle = await open(full, constants.O_RDONLY | (constants.O_DIRECTORY ?? 0))
    await handle.sync()
  } catch (error) {
    // Windows has no fsync for directories, and needs none.
    if (process.platform !== 'win32') throw error
  } finally {
    await handle?.close()
  }
}

async function translated<Value>(operation: string, path: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    throw asDiskError(operation, path, error)
  }
}
