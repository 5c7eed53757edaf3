import { type Disk, decodeUtf8, EastGuardError, encodeUtf8, isEastGuardError, type Random } from '@eastguard/kernel'
import { z } from 'zod'

// Who this broker is. `broker.json` is written last when a cluster is born, so that it is there exactly when the rest is,
// and once at each start, because everything that a restart invalidates carries the boot id (H3).

/** Raised whenever the data folder changes incompatibly. Before the first release another format is refused, not migrated. */
const dataFormat = 1

const fileName = 'broker.json'

export interface Identity {
  /** 32 hex digits. */
  readonly clusterId: string
  /** 32 hex digits; also the id of the journal. */
  readonly brokerId: string
  /** Raised by one at each start. */
  readonly bootId: number
  /** The store of this broker has been opened: from then on a journal that is not there is damage, not a beginning. */
  readonly opened: boolean
}

const schema = z.strictObject({
  format: z.number().int(),
  clusterId: z.string().regex(/^[0-9a-f]{32}$/),
  brokerId: z.string().regex(/^[0-9a-f]{32}$/),
  bootId: z.number().int().min(1).max(0xffffffff),
  opened: z.boolean(),
})

const stampSchema = z.object({ format: z.number().int().positive() })

const putItBack = 'put it back from a copy'

/**
 * The identity that the data folder holds, or undefined when no cluster was ever born there.
 * @throws EG_DATA_DIR_FORMAT, EG_DATA_DIR_DAMAGED (give-up)
 */
export async function readIdentity(disk: Disk): Promise<Identity | undefined> {
  const text = await readText(disk)
  if (text === undefined) {
    await refuseOrphans(disk)
    return undefined
  }
  const json = parseJson(text)
  const stamped = stampSchema.safeParse(json)
  // Only a number that was written on purpose speaks of another release; anything else is damage.
  if (!stamped.success) throw damaged(`it does not say its format; ${putItBack}`)
  const { format } = stamped.data
  if (format !== dataFormat) {
    throw new EastGuardError({
      code: 'EG_DATA_DIR_FORMAT',
      remedy: 'give-up',
      message: `${fileName}: the data folder has format ${format}, this release reads format ${dataFormat}; start the release that wrote it`,
    })
  }
  const parsed = schema.safeParse(json)
  if (!parsed.success) {
    const complaints = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw damaged(`${complaints.join('; ')}; ${putItBack}`)
  }
  const { clusterId, brokerId, bootId, opened } = parsed.data
  return { clusterId, brokerId, bootId, opened }
}

export function mintIdentity(random: Random, clusterId: string | undefined): Identity {
  return { clusterId: clusterId ?? hex(random.bytes(16)), brokerId: hex(random.bytes(16)), bootId: 1, opened: false }
}

/** Durable when it resolves: the old file or the new one is there after a crash, never half of one. */
export async function writeIdentity(disk: Disk, identity: Identity): Promise<void> {
  const temporary = `${fileName}.new`
  await disk.remove(temporary).catch((error: unknown) => {
    if (!isEastGuardError(error, 'EG_DISK_NOT_FOUND')) throw error
  })
  const file = await disk.open(temporary, 'create')
  try {
    await file.write(0, [encodeUtf8(`${JSON.stringify({ format: dataFormat, ...identity }, undefined, 2)}\n`)])
    await file.sync()
  } finally {
    await file.close()
  }
  await disk.rename(temporary, fileName)
  await disk.syncDirectory('') // H55
}

async function readText(disk: Disk): Promise<string | undefined> {
  const entry = (await disk.list('')).find(({ name }) => name === fileName)
  if (entry === undefined) return undefined
  if (entry.directory) throw damaged(`it is a folder, not a file; ${putItBack}`)
  try {
    const file = await disk.open(fileName, 'read')
    try {
      const bytes = new Uint8Array(Math.min(await file.size(), 65_536))
      const count = await file.read(0, bytes)
      return decodeUtf8(bytes.subarray(0, count))
    } finally {
      await file.close()
    }
  } catch (error) {
    if (isEastGuardError(error, 'EG_MALFORMED')) throw damaged(`it is not UTF-8 text; ${putItBack}`)
    throw error
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw damaged(`${cause instanceof Error ? cause.message : String(cause)}; ${putItBack}`)
  }
}

/** Records without an identity mean that the identity was lost, not that the folder is new: nothing may be born over them (P17). */
async function refuseOrphans(disk: Disk): Promise<void> {
  const orphans = (await disk.list('')).filter(({ name }) => name === 'journal' || name === 'segments')
  if (orphans.length === 0) return
  throw damaged(`it is missing, but ${orphans.map(({ name }) => `${name}/`).join(' and ')} hold records; ${putItBack}`)
}

function damaged(what: string): EastGuardError {
  return new EastGuardError({ code: 'EG_DATA_DIR_DAMAGED', remedy: 'give-up', message: `${fileName}: ${what}` })
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
