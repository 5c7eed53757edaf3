import type { Disk } from '@eastguard/kernel'
import { MemoryDisk } from '@eastguard/kernel/testing'

export interface Image {
  readonly directories: readonly string[]
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** All files of a disk, as a running process sees them. */
export async function imageOf(disk: Disk, path = ''): Promise<Image> {
  const [directories, files]: [string[], Map<string, Uint8Array>] = [[], new Map()]
  for (const { name, directory } of await disk.list(path)) {
    const inner = path === '' ? name : `${path}/${name}`
    if (directory) {
      const image = await imageOf(disk, inner)
      directories.push(inner, ...image.directories)
      for (const [file, bytes] of image.files) files.set(file, bytes)
    } else {
      const file = await disk.open(inner, 'read')
      const bytes = new Uint8Array(await file.size())
      await file.read(0, bytes)
      files.set(inner, bytes)
    }
  }
  return { directories, files }
}

/** A disk with the image's files, one of them changed. */
export async function diskOf(
  image: Image,
  changed: string,
  change: (bytes: Uint8Array) => Uint8Array,
): Promise<MemoryDisk> {
  const disk = new MemoryDisk()
  for (const directory of image.directories) await disk.makeDirectory(directory)
  for (const [name, bytes] of image.files) {
    const file = await disk.open(name, 'create')
    await file.write(0, [name === changed ? change(bytes.slice()) : bytes])
    await file.sync()
    await disk.syncDirectory(name.slice(0, name.lastIndexOf('/')))
  }
  return disk
}

export function flip(at: number): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    bytes[at] = (bytes[at] ?? 0) ^ 0x40
    return bytes
  }
}
