import { compareBytes } from '../compare-bytes.ts'
import { EastGuardError } from '../error.ts'
import { invariant } from '../invariant.ts'
import type { GroupStorage, StorageEntry, StorageReads, StorageView, StorageWrite } from '../ports.ts'

/** Sorted by key; replaced as a whole by each commit, so that a view is just a reference to an old one. */
type Rows = readonly StorageEntry[]

/** An ordered map in memory. What a resolved commit wrote is there after `reopen`, and nothing else. */
export class MemoryGroupStorage implements GroupStorage {
  #rows: Rows = []
  #state: 'open' | 'failed' | 'closed' = 'open'
  #commitCount = 0
  #failAt: number | undefined
  #capacityBytes: number

  constructor(options: { readonly capacityBytes?: number } = {}) {
    this.#capacityBytes = options.capacityBytes ?? Number.MAX_SAFE_INTEGER
  }

  get commitCount(): number {
    return this.#commitCount
  }

  setCapacity(capacityBytes: number): void {
    this.#capacityBytes = capacityBytes
  }

  /** The n-th commit from now, from 1, fails for good: nothing of it is there after `reopen`. */
  failCommit(at = 1): void {
    this.#failAt = this.#commitCount + at
  }

  /** The process dies and another opens the same files: this one is closed. */
  reopen(): MemoryGroupStorage {
    const next = new MemoryGroupStorage({ capacityBytes: this.#capacityBytes })
    next.#rows = this.#rows
    this.#state = 'closed'
    return next
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#reads(this.#rows).get(key)
  }

  scan(...call: Parameters<StorageReads['scan']>): readonly StorageEntry[] {
    return this.#reads(this.#rows).scan(...call)
  }

  view(): StorageView {
    this.#check()
    const reads = this.#reads(this.#rows)
    let disposed = false
    const live = (): StorageReads => {
      invariant(!disposed, 'a view is not used after its end')
      return reads
    }
    return {
      get: (key) => live().get(key),
      scan: (from, to, options) => live().scan(from, to, options),
      [Symbol.dispose]() {
        disposed = true
      },
    }
  }

  async commit(writes: readonly StorageWrite[]): Promise<void> {
    const copies = writes.map(copyWrite)
    const fails = ++this.#commitCount === this.#failAt
    await Promise.resolve()
    this.#check()
    if (fails) {
      this.#state = 'failed'
      throw failed('an injected failure')
    }
    const rows = applied(this.#rows, copies)
    const bytes = byteCount(rows)
    if (bytes > this.#capacityBytes && copies.some((write) => write.kind === 'put')) {
      throw new EastGuardError({
        code: 'EG_STORAGE_FULL',
        remedy: 'give-up',
        message: `${bytes} bytes do not fit a storage of ${this.#capacityBytes}`,
        facts: { bytes, limit: this.#capacityBytes },
      })
    }
    this.#rows = rows
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#state = 'closed'
  }

  #check(): void {
    if (this.#state !== 'open') throw failed(`the storage is ${this.#state}`)
  }

  #reads(rows: Rows): StorageReads {
    return {
      get: (key) => {
        this.#check()
        const found = rows[lowerBound(rows, key)]
        return found !== undefined && compareBytes(found[0], key) === 0 ? found[1].slice() : undefined
      },
      scan: (from, to, { limit, reverse = false }) => {
        this.#check()
        const range = rows.slice(lowerBound(rows, from), lowerBound(rows, to))
        if (reverse) range.reverse()
        return range.slice(0, limit).map(([key, value]) => [key.slice(), value.slice()])
      },
    }
  }
}

function applied(before: Rows, writes: readonly StorageWrite[]): Rows {
  const rows = before.slice()
  for (const write of writes) {
    if (write.kind === 'removeRange') {
      const from = lowerBound(rows, write.from)
      rows.splice(from, Math.max(0, lowerBound(rows, write.to) - from))
      continue
    }
    const at = lowerBound(rows, write.key)
    const found = rows[at]
    const there = found !== undefined && compareBytes(found[0], write.key) === 0 ? 1 : 0
    if (write.kind === 'put') rows.splice(at, there, [write.key, write.value])
    else rows.splice(at, there)
  }
  return rows
}

/** The first index whose key is not below `key`. */
function lowerBound(rows: Rows, key: Uint8Array): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >>> 1
    // Always below `rows.length`.
    if (compareBytes((rows[middle] as StorageEntry)[0], key) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function byteCount(rows: Rows): number {
  return rows.reduce((sum, [key, value]) => sum + key.length + value.length, 0)
}

function copyWrite(write: StorageWrite): StorageWrite {
  if (write.kind === 'removeRange') return { kind: write.kind, from: write.from.slice(), to: write.to.slice() }
  invariant(write.key.length > 0, 'a key has at least one byte')
  if (write.kind === 'remove') return { kind: write.kind, key: write.key.slice() }
  return { kind: write.kind, key: write.key.slice(), value: write.value.slice() }
}

function failed(what: string): EastGuardError {
  return new EastGuardError({ code: 'EG_STORAGE_FAILED', remedy: 'give-up', message: `the storage failed: ${what}` })
}
