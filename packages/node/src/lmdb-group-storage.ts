import { join } from 'node:path'
import {
  type Clock,
  EastGuardError,
  type GroupStorage,
  invariant,
  type StorageEntry,
  type StorageReads,
  type StorageView,
  type StorageWrite,
} from '@eastguard/kernel'
import { type Database, open, type Transaction } from 'lmdb'
import { readValue, sealValue } from './checked-value.ts'
import { checkLmdbFile } from './lmdb-file.ts'
import { SpaceReserve } from './space-reserve.ts'
import { systemWord } from './system-error.ts'

export interface LmdbSettings {
  /** Directory of the environment; made when missing. One process at a time: guard it with `Disk.lock`. */
  readonly path: string
  /**
   * Bytes that live rows may take, in whole pages; beyond, puts are refused and removals go on. The limit is ours:
   * lmdb grows its map when it is full. Default 4 GiB, of address space, not of disk.
   */
  readonly mapBytes?: number
  /**
   * A file of this size stands by on the disk: when the disk is full it goes, so that removals still have room.
   * Default 16 MiB; a commit of removals that rewrites more than this fails.
   */
  readonly reserveBytes?: number
  /** A commit that takes longer is fatal. Milliseconds, default 10,000. */
  readonly commitTimeoutMs?: number
}

/** LMDB's own maximum for pages of 4 KiB. */
const keyBytesMax = 1978
/** Keys that a removal of a range collects at a time. */
const removeCount = 1000

type LmdbDatabase = Database<Buffer, Uint8Array>

/**
 * Rows in one LMDB environment, with these rules (H61):
 *
 * - `overlappingSync` off: with it on a row is visible before it is durable, and a commit that follows a failed sync
 *   makes the failed one durable. `noSync` and `noMetaSync` never.
 * - One transaction per commit. What counts is the promise of the *outer* transaction and `flushed`; those of the
 *   puts inside resolve before any sync.
 * - Bytes are copied before the put, with a checksum that LMDB does not have.
 */
export class LmdbGroupStorage implements GroupStorage {
  readonly #database: LmdbDatabase
  readonly #reserve: SpaceReserve
  readonly #clock: Clock
  readonly #mapBytes: number
  readonly #commitTimeoutMs: number
  #state: 'open' | 'failed' | 'closed' = 'open'
  #tail: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined

  private constructor(
    database: LmdbDatabase,
    reserve: SpaceReserve,
    clock: Clock,
    limits: { readonly mapBytes: number; readonly commitTimeoutMs: number },
  ) {
    this.#database = database
    this.#reserve = reserve
    this.#clock = clock
    this.#mapBytes = limits.mapBytes
    this.#commitTimeoutMs = limits.commitTimeoutMs
  }

  /** @throws EG_DISK_* for the directory, EG_STORAGE_DAMAGED, EG_STORAGE_FAILED (give-up) when it holds no environment of ours */
  static async open(settings: LmdbSettings, components: { readonly clock: Clock }): Promise<LmdbGroupStorage> {
    const { mapBytes = 4 * 1024 ** 3, reserveBytes = 16 * 1024 ** 2, commitTimeoutMs = 10_000 } = settings
    await checkLmdbFile(join(settings.path, 'data.mdb'))
    const reserve = await SpaceReserve.open(join(settings.path, 'reserve'), reserveBytes)
    try {
      const database = open<Buffer, Uint8Array>({
        path: settings.path,
        noSubdir: false,
        mapSize: mapBytes + reserveBytes,
        encoding: 'binary',
        keyEncoding: 'binary',
        overlappingSync: false,
        // Commits come one at a time. With batching, lmdb keeps a promise of the turn's batch that nobody can hold: on a full
        // disk its rejection would end the process (H53a).
        eventTurnBatching: false,
        cache: false,
        compression: false,
      })
      return new LmdbGroupStorage(database, reserve, components.clock, { mapBytes, commitTimeoutMs })
    } catch (error) {
      throw failed(`opening ${settings.path}: ${systemWord(error)}`, error)
    }
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#reads().get(key)
  }

  scan(...call: Parameters<StorageReads['scan']>): readonly StorageEntry[] {
    return this.#reads().scan(...call)
  }

  view(): StorageView {
    this.#check()
    const transaction = this.#database.useReadTransaction()
    let disposed = false
    const live = (): StorageReads => {
      invariant(!disposed, 'a view is not used after its end')
      return this.#reads(transaction)
    }
    return {
      get: (key) => live().get(key),
      scan: (from, to, options) => live().scan(from, to, options),
      [Symbol.dispose]() {
        if (!disposed) transaction.done()
        disposed = true
      },
    }
  }

  commit(writes: readonly StorageWrite[]): Promise<void> {
    const copies = writes.map(copyWrite)
    const done = this.#tail.then(() => this.#commit(copies))
    this.#tail = done.catch(() => {}) // the caller of that commit has the error
    return done
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close()
    await this.#closing
  }

  async #close(): Promise<void> {
    await this.#tail
    const failedBefore = this.#state === 'failed'
    this.#state = 'closed'
    // After a failure a commit may hang for ever; the process is about to end anyway.
    if (!failedBefore) await this.#database.close()
  }

  async #commit(writes: readonly OwnWrite[]): Promise<void> {
    this.#check()
    const putBytes = writes.reduce((sum, write) => sum + bytesOf(write), 0)
    const puts = putBytes > 0
    if (puts) await this.#requireSpace(putBytes)
    try {
      await this.#transact(writes)
    } catch (error) {
      const word = await rootWord(error)
      if (!isFull(word)) throw this.#fail(word, error)
      await this.#reserve.release()
      if (puts) throw full(word, error)
      await this.#transact(writes).catch(async (again: unknown) => {
        const second = await rootWord(again)
        throw isFull(second) ? full(second, again) : this.#fail(second, again)
      })
    }
  }

  /** A full map or disk refuses before anything is written (H53a); what the reserve holds is for removals alone. */
  async #requireSpace(putBytes: number): Promise<void> {
    const bytes = this.#liveBytes() + putBytes
    if (bytes > this.#mapBytes) throw full(`${bytes} bytes of rows, ${this.#mapBytes} allowed`)
    if (!(await this.#reserve.restore())) throw full('the disk has no room for the reserve')
  }

  #liveBytes(): number {
    // The typings call the answer an object; its fields are numbers.
    const stats = this.#database.getStats() as { readonly [field: string]: number }
    const pages = (stats.treeBranchPageCount ?? 0) + (stats.treeLeafPageCount ?? 0) + (stats.overflowPages ?? 0)
    return pages * (stats.pageSize ?? 0)
  }

  /** A child transaction, because only these are undone when their callback throws. */
  async #transact(writes: readonly OwnWrite[]): Promise<void> {
    const database = this.#database
    const committed = database.childTransaction(() => {
      for (const write of writes) apply(database, write)
    })
    await this.#inTime(Promise.all([committed, committed.then(() => database.flushed)]))
  }

  async #inTime(work: Promise<unknown>): Promise<void> {
    const limit = this.#commitTimeoutMs
    await new Promise<unknown>((resolve, reject) => {
      const timer = this.#clock.setTimer(limit, () => reject(new Error(`a commit took longer than ${limit} ms`)))
      work.then(resolve, reject).finally(() => timer.cancel())
    })
  }

  #reads(transaction?: Transaction): StorageReads {
    this.#check()
    const options = transaction === undefined ? {} : { transaction }
    return {
      get: (key) => {
        this.#check()
        const sealed = this.#database.get(Buffer.from(key), options)
        return sealed === undefined ? undefined : readValue(key, sealed)
      },
      scan: (from, to, { limit, reverse = false }) => {
        this.#check()
        if (limit === 0 || Buffer.compare(from, to) >= 0) return []
        const bounds = reverse
          ? { start: Buffer.from(to), end: Buffer.from(from), exclusiveStart: true, inclusiveEnd: true }
          : { start: Buffer.from(from), end: Buffer.from(to) }
        const range = this.#database.getRange({ ...options, ...bounds, reverse, limit })
        return Array.from(range, ({ key, value }) => [new Uint8Array(key), readValue(key, value)] as const)
      },
    }
  }

  #check(): void {
    if (this.#state !== 'open') throw failed(`the storage is ${this.#state}`)
  }

  #fail(word: string, cause: unknown): EastGuardError {
    this.#state = 'failed'
    return failed(word, cause)
  }
}

/** A write whose bytes are copies, in the shape that lmdb takes; `sealed` is the value with its checksum. */
type OwnWrite =
  | { readonly kind: 'put'; readonly key: Buffer; readonly sealed: Buffer }
  | { readonly kind: 'remove'; readonly key: Buffer }
  | { readonly kind: 'removeRange'; readonly from: Buffer; readonly to: Buffer }

function copyWrite(write: StorageWrite): OwnWrite {
  if (write.kind === 'removeRange') {
    return { kind: write.kind, from: Buffer.from(write.from), to: Buffer.from(write.to) }
  }
  const keyBytes = write.key.length
  invariant(keyBytes > 0 && keyBytes <= keyBytesMax, 'a key fits the storage', { keyBytes, limit: keyBytesMax })
  const key = Buffer.from(write.key)
  return write.kind === 'remove'
    ? { kind: write.kind, key }
    : { kind: write.kind, key, sealed: sealValue(key, write.value) }
}

/** What a write may add. */
function bytesOf(write: OwnWrite): number {
  return write.kind === 'put' ? write.key.length + write.sealed.length : 0
}

/** Runs inside a transaction of `database`, where every call is done when it returns and throws when it fails. */
function apply(database: LmdbDatabase, write: OwnWrite): void {
  switch (write.kind) {
    case 'put':
      database.putSync(write.key, write.sealed)
      return
    case 'remove':
      database.removeSync(write.key)
      return
    case 'removeRange':
      for (;;) {
        const keys = Array.from(database.getKeys({ start: write.from, end: write.to, limit: removeCount }), Buffer.from)
        for (const key of keys) database.removeSync(key)
        if (keys.length < removeCount) return
      }
  }
}

/** What the system said: a failed commit of lmdb carries it in a promise that may settle a moment later, or never. */
async function rootWord(error: unknown): Promise<string> {
  if (!(error instanceof Error && 'commitError' in error)) return wordOf(error)
  const root = Promise.resolve(error.commitError).then(wordOf, wordOf)
  const unknown = new Promise<string>((resolve) => setImmediate(resolve, wordOf(error)))
  return await Promise.race([root, unknown])
}

function wordOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function isFull(word: string): boolean {
  return /MDB_MAP_FULL|ENOSPC|EDQUOT|No space left|Disk quota exceeded/.test(word)
}

function full(what: string, cause?: unknown): EastGuardError {
  return new EastGuardError({
    code: 'EG_STORAGE_FULL',
    remedy: 'give-up',
    message: `the metadata storage is full (${what}): remove something first`,
    cause,
  })
}

function failed(what: string, cause?: unknown): EastGuardError {
  return new EastGuardError({
    code: 'EG_STORAGE_FAILED',
    remedy: 'give-up',
    message: `the metadata storage failed: ${what}`,
    cause,
  })
}
