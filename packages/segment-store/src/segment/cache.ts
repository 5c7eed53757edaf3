import { invariant } from '@eastguard/kernel'
import type { BatchRun, HeldBatch } from './batch-run.ts'

/** What a batch costs beside its bytes: objects, a place in arrays. */
const batchOverheadBytes = 256

/**
 * From when on a batch may leave memory. H50: `flushed`, since what is not yet in a segment file is in memory only, as
 * far as readers and the flush are concerned.
 */
export type EvictableFrom = 'admitted' | 'flushed'

interface Entry {
  readonly run: BatchRun
  readonly batch: HeldBatch
}

/**
 * One budget for all batches in memory.
 *
 * ```
 *   memoryBytesMax │ unflushed: at most half, appends wait │ waiting: an eighth │ cached: what is left, oldest leave │
 * ```
 */
export class Cache {
  readonly #bytesMax: number
  readonly #evictableFrom: EvictableFrom
  #entries: Entry[] = [] // what may leave, in the order in which it shall
  #head = 0
  #cutCount = 0 // of #entries from #head on: they are dropped already
  cachedBytes = 0
  unflushedBytes = 0
  waitingBytes = 0

  constructor(bytesMax: number, evictableFrom: EvictableFrom = 'flushed') {
    this.#bytesMax = bytesMax
    this.#evictableFrom = evictableFrom
  }

  get unflushedBytesMax(): number {
    return Math.floor(this.#bytesMax / 2)
  }

  get waitingBytesMax(): number {
    return Math.floor(this.#bytesMax / 8)
  }

  /** Always true while nothing is unflushed: a batch of any size gets through (H49). */
  hasRoom(bytes: number): boolean {
    return this.unflushedBytes === 0 || this.unflushedBytes + cost(bytes) <= this.unflushedBytesMax
  }

  /** @returns false when too much is waiting already */
  wait(bytes: number): boolean {
    if (this.waitingBytes > 0 && this.waitingBytes + cost(bytes) > this.waitingBytesMax) return false
    this.waitingBytes += cost(bytes)
    this.#trim()
    return true
  }

  endWait(bytes: number): void {
    this.waitingBytes -= cost(bytes)
  }

  admit(run: BatchRun, batch: HeldBatch): void {
    run.push(batch)
    this.unflushedBytes += cost(batch.bytes.length)
    if (this.#evictableFrom === 'admitted') this.#entries.push({ run, batch })
    this.#trim()
  }

  /** Takes back the newest batch of a run, which was not written. */
  takeBack(run: BatchRun, batch: HeldBatch): void {
    run.pop(batch)
    this.unflushedBytes -= cost(batch.bytes.length)
  }

  flushed(run: BatchRun, batches: readonly HeldBatch[]): void {
    run.markFlushed(batches)
    for (const batch of batches) {
      this.unflushedBytes -= cost(batch.bytes.length)
      this.cachedBytes += cost(batch.bytes.length)
      if (this.#evictableFrom === 'flushed') this.#entries.push({ run, batch })
    }
    this.#trim()
  }

  /** Drops what ends above `end`. */
  cut(run: BatchRun, end: number): void {
    for (const batch of run.cut(end)) {
      this.#release(batch)
      if (batch.flushed) this.#cutCount++
    }
    this.#compact()
  }

  get #heldBytes(): number {
    return this.cachedBytes + this.unflushedBytes + this.waitingBytes
  }

  #trim(): void {
    while (this.#heldBytes > this.#bytesMax && this.#head < this.#entries.length) {
      const entry = this.#entries[this.#head++] as Entry // below the length
      if (entry.batch.dropped) this.#cutCount--
      else this.#evict(entry)
    }
    this.#compact()
  }

  /** Lets go of entries that are dropped, once they are more than half. */
  #compact(): void {
    const dropped = this.#head + this.#cutCount
    if (dropped < 64 || dropped * 2 <= this.#entries.length) return
    this.#entries = this.#entries.slice(this.#head).filter(({ batch }) => !batch.dropped)
    this.#head = this.#cutCount = 0
  }

  #evict({ run, batch }: Entry): void {
    run.evict(batch)
    batch.dropped = true
    this.#release(batch)
  }

  #release(batch: HeldBatch): void {
    if (batch.flushed) this.cachedBytes -= cost(batch.bytes.length)
    else this.unflushedBytes -= cost(batch.bytes.length)
    batch.bytes = nothing
    invariant(this.cachedBytes >= 0 && this.unflushedBytes >= 0, 'memory is counted once', {
      cachedBytes: this.cachedBytes,
      unflushedBytes: this.unflushedBytes,
    })
  }
}

const nothing = new Uint8Array(0)

function cost(bytes: number): number {
  return bytes + batchOverheadBytes
}
