import { type Disk, type DiskFile, diskError } from '@eastguard/kernel'

/** The disk as one process sees it: once that is dead, its calls do nothing any more. Shows writes and syncs. */
export class ProcessDisk implements Disk {
  readonly #disk: Disk
  #dead = false
  /** Called with the bytes of each write, before it begins. */
  onWrite: (path: string, parts: readonly Uint8Array[]) => void = () => {}
  /** Called when a sync has returned; not for one that is left out. */
  onSynced: (path: string) => void = () => {}
  /** Leaves out every sync of files. */
  skipsSync = false

  constructor(disk: Disk) {
    this.#disk = disk
  }

  die(): void {
    this.#dead = true
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    return this.#wrap(path, await this.#call('open', path, () => this.#disk.open(path, mode)))
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call('rename', from, () => this.#disk.rename(from, to))
  }

  remove(path: string): Promise<void> {
    return this.#call('remove', path, () => this.#disk.remove(path))
  }

  makeDirectory(path: string): Promise<void> {
    return this.#call('makeDirectory', path, () => this.#disk.makeDirectory(path))
  }

  syncDirectory(path: string): Promise<void> {
    return this.#call('syncDirectory', path, () => this.#disk.syncDirectory(path))
  }

  list(path: string): ReturnType<Disk['list']> {
    return this.#call('list', path, () => this.#disk.list(path))
  }

  space(): ReturnType<Disk['space']> {
    return this.#call('space', '', () => this.#disk.space())
  }

  lock(path: string): Promise<AsyncDisposable> {
    return this.#call('lock', path, () => this.#disk.lock(path))
  }

  #wrap(path: string, file: DiskFile): DiskFile {
    return {
      size: () => this.#call('size', path, () => file.size()),
      read: (position, into) => this.#call('read', path, () => file.read(position, into)),
      write: (position, parts) => {
        this.onWrite(path, parts)
        return this.#call('write', path, () => file.write(position, parts))
      },
      sync: async () => {
        await this.#call('sync', path, () => (this.skipsSync ? Promise.resolve() : file.sync()))
        if (!this.skipsSync) this.onSynced(path)
      },
      truncate: (size) => this.#call('truncate', path, () => file.truncate(size)),
      close: () => file.close(),
    }
  }

  async #call<Value>(method: string, path: string, run: () => Promise<Value>): Promise<Value> {
    if (this.#dead) throw diskError('EG_DISK_FAILED', method, path, 'the process is dead')
    return await run()
  }
}
