import { link, open, readFile, rename, rm } from 'node:fs/promises'
import { EastGuardError } from '@eastguard/kernel'
import { isAlive, type ProcessIdentity, thisProcess } from './process-identity.ts'
import { systemWord } from './system-error.ts'

/** How often a lock is tried for while others come and go. */
const attemptCountMax = 16

/** Owner of a lock file that a power failure left empty: a pid that cannot exist. */
const nobody: ProcessIdentity = { pid: 2 ** 31 - 1, startTime: '', hostBootId: '' }

let sequence = 0

/**
 * Takes a lock file. It names its owner's life, so that one that a crash left behind can be told and taken over.
 *
 * ```
 *   own = lock.<pid>.<n>   link──► lock             somebody was there: EEXIST
 *                          link──► lock.heir-of-D   D is dead: one heir only …
 *                          rename► lock             … replaces D's file, if that is still D's
 * ```
 *
 * Of many that see the same dead owner, one `link` wins, and only the winner renames. A slow one that links after the
 * winner has cleaned up finds that the lock no longer is D's, and begins again. An heir that dies has heirs itself.
 */
export async function lockDataDir(path: string): Promise<AsyncDisposable> {
  const self = await thisProcess()
  const own = `${path}.${self.pid}.${sequence++}`
  try {
    await writeDurably(own, `${JSON.stringify(self)}\n`)
    for (let attempt = 0; attempt < attemptCountMax; attempt++) {
      if ((await tryLink(own, path)) || (await inherit(own, path))) return release(path)
    }
    throw locked(path, 0)
  } finally {
    await rm(own, { force: true })
  }
}

/** @returns false when the lock changed hands meanwhile. @throws EG_DATA_DIR_LOCKED when its owner lives */
async function inherit(own: string, path: string): Promise<boolean> {
  const owner = await readOwner(path)
  if (owner === undefined) return false
  const claims: string[] = []
  let claimed = false
  for (let dead: ProcessIdentity | undefined = owner; !claimed; dead = await readOwner(claims.at(-1) ?? path)) {
    if (dead === undefined || claims.length === attemptCountMax) return false
    if (await isAlive(dead)) throw locked(path, dead.pid)
    const claim = `${path}.heir-of-${dead.pid}-${dead.startTime}-${dead.hostBootId}`
    claims.push(claim)
    claimed = await tryLink(own, claim)
  }
  const still = await readOwner(path)
  const mine = JSON.stringify(still) === JSON.stringify(owner)
  if (mine) await rename(own, path)
  // Not before the rename: while a claim is there, nobody else replaces that owner's file.
  for (const claim of mine ? claims : claims.slice(-1)) await rm(claim, { force: true })
  return mine
}

function release(path: string): AsyncDisposable {
  let released: Promise<void> | undefined
  return {
    [Symbol.asyncDispose]: () => {
      released ??= rm(path, { force: true })
      return released
    },
  }
}

async function tryLink(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path)
    return true
  } catch (error) {
    if (systemWord(error) === 'EEXIST') return false
    throw error
  }
}

/** @returns undefined when the lock is gone. One that names nobody belongs to nobody who lives. */
async function readOwner(path: string): Promise<ProcessIdentity | undefined> {
  try {
    const owner: unknown = JSON.parse(await readFile(path, 'utf8'))
    return isIdentity(owner) ? owner : nobody
  } catch (error) {
    if (error instanceof SyntaxError) return nobody
    if (systemWord(error) === 'ENOENT') return undefined
    throw error
  }
}

function isIdentity(value: unknown): value is ProcessIdentity {
  if (typeof value !== 'object' || value === null) return false
  const { pid, startTime, hostBootId } = value as { [field: string]: unknown }
  return Number.isSafeInteger(pid) && typeof startTime === 'string' && typeof hostBootId === 'string'
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o644)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

function locked(path: string, pid: number): EastGuardError {
  return new EastGuardError({
    code: 'EG_DATA_DIR_LOCKED',
    remedy: 'fix-call',
    message: `'${path}' is held by process ${pid}: stop it, or choose another data directory`,
    facts: { path, pid },
  })
}
