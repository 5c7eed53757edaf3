import type { Disk, Random } from '@eastguard/kernel'
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

/**
 * A disk after a power failure: sectors of 4,096 bytes and lengths are, each for itself, as the last sync left them or
 * as the running system saw them; names that were never synced may be there too, with anything of their content.
 */
export async function tornDisk(durable: Image, seen: Image, random: Random): Promise<MemoryDisk> {
  const files = new Map<string, Uint8Array>()
  for (const [name, after] of seen.files) {
    // A new name in the journal is a renamed file, whose content was synced under the old one.
    const before = durable.files.get(name) ?? (name.startsWith('journal/') ? after : undefined)
    if (durable.files.has(name) || random.below(2) === 0)
      files.set(name, mix(before ?? new Uint8Array(0), after, random))
  }
  for (const [name, before] of durable.files)
    if (!seen.files.has(name) && random.below(2) === 0) files.set(name, before)
  const directories = [...new Set([...durable.directories, ...seen.directories])].sort()
  return await diskOf({ directories, files }, '', (bytes) => bytes)
}

function mix(before: Uint8Array, after: Uint8Array, random: Random): Uint8Array {
  const mixed = new Uint8Array(random.below(2) === 0 ? before.length : after.length)
  for (let at = 0; at < mixed.length; at += 4096) {
    const from = random.below(2) === 0 ? before : after
    mixed.set(from.subarray(at, Math.min(at + 4096, mixed.length)), at)
  }
  return mixed
}
