import { type FileHandle, open } from 'node:fs/promises'
import { EastGuardError } from '@eastguard/kernel'
import { asDiskError, systemWord } from './system-error.ts'

// The head of LMDB's data file, format 2, on machines of 64 bits. Two meta pages, 0 and 1; the one with the higher
// transaction counts:
//
//   0             24      28        48          88          136         152
//   | page header | magic | version | page size | free root | main root | transaction |

const magic = 0xbeefc0de
const formatVersion = 2
const metaBytes = 168
const at = { magic: 24, version: 28, pageSize: 48, roots: [88, 136], transaction: 152 } as const
/** The root of a tree without rows. */
const noPage = 0xffffffffffffffffn

interface Meta {
  readonly pageSize: number
  readonly transaction: bigint
  readonly roots: readonly bigint[]
}

/**
 * LMDB maps the file and trusts it: one that is cut short or is something else ends the process without a word. So
 * whatever must be there for the storage to open is looked at first. Pages further down are not. A missing or empty
 * file passes: LMDB begins a new one.
 * @throws EG_STORAGE_DAMAGED (give-up) naming the file, EG_DISK_*
 */
export async function checkLmdbFile(path: string): Promise<void> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (error) {
    if (systemWord(error) === 'ENOENT') return
    throw asDiskError('open', path, error)
  }
  try {
    const { size } = await file.stat()
    if (size > 0) await checkPages(file, size, path)
  } catch (error) {
    throw asDiskError('read', path, error)
  } finally {
    await file.close()
  }
}

async function checkPages(file: FileHandle, size: number, path: string): Promise<void> {
  const first = await readMeta(file, 0, path)
  const second = await readMeta(file, first.pageSize, path)
  const newest = second.transaction > first.transaction ? second : first
  const pageSize = BigInt(newest.pageSize)
  for (const root of newest.roots) {
    if (root === noPage) continue
    if ((root + 1n) * pageSize > BigInt(size)) {
      throw damaged(path, `it has ${size} bytes, and page ${root} of ${pageSize} bytes is needed`)
    }
    const page = await readAt(file, Number(root * pageSize), 8)
    if (page?.readBigUInt64LE(0) !== root) throw damaged(path, `page ${root} is not there`)
  }
}

async function readMeta(file: FileHandle, position: number, path: string): Promise<Meta> {
  const meta = await readAt(file, position, metaBytes)
  if (meta === undefined) throw damaged(path, `it ends before byte ${position + metaBytes}`)
  if (meta.readUInt32LE(at.magic) !== magic) throw damaged(path, `no LMDB page at byte ${position}`)
  const version = meta.readUInt32LE(at.version) & 0xffff
  if (version !== formatVersion) throw damaged(path, `LMDB format ${version}, not ${formatVersion}`)
  const pageSize = meta.readUInt32LE(at.pageSize)
  if (pageSize < 256 || pageSize > 65_536 || !Number.isInteger(Math.log2(pageSize))) {
    throw damaged(path, `pages of ${pageSize} bytes`)
  }
  return {
    pageSize,
    transaction: meta.readBigUInt64LE(at.transaction),
    roots: at.roots.map((root) => meta.readBigUInt64LE(root)),
  }
}

/** Undefined when the file ends before. */
async function readAt(file: FileHandle, position: number, bytes: number): Promise<Buffer | undefined> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, position)
  return bytesRead === bytes ? buffer : undefined
}

function damaged(path: string, what: string): EastGuardError {
  return new EastGuardError({
    code: 'EG_STORAGE_DAMAGED',
    remedy: 'give-up',
    message: `${path} is damaged (${what}): put the folder that holds it back from a copy`,
    facts: { path },
  })
}
