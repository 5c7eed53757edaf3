import { invariant } from '@eastguard/kernel'

/** A batch in memory. */
export interface HeldBatch {
  /** Empty once it has left memory: whoever still knows the batch must not keep them. */
  bytes: Uint8Array
  readonly baseOffset: number
  readonly endOffset: number
  readonly maxTimestamp: number
  /** Position of its frame in the journal, once durable. */
  journalPosition: number | undefined
  /** Also in the segment file, synced. */
  flushed: boolean
  /** Cut away or forgotten. */
  dropped: boolean
}

/**
 * A segment's batches in memory: continuous, the newest always here, the oldest leave first.
 *
 * ```
 *   (in the file only) │ cached, flushed … │ durable, unflushed … │ in the journal's queue … │
 *                      ▲ first                                                              ▲ next offset
 * ```
 */
export class BatchRun {
  #batches: HeldBatch[] = []
  #first = 0
  #unflushed = 0 // place in #batches of the first that is not flushed

  get first(): HeldBatch | undefined {
    return this.#batches[this.#first]
  }

  get firstUnflushed(): HeldBatch | undefined {
    return this.#batches[this.#unflushed]
  }

  push(batch: HeldBatch): void {
    const last = this.#batches.at(-1)
    invariant(
      last === undefined || this.#first === this.#batches.length || last.endOffset === batch.baseOffset,
      'batches in memory are continuous',
      { base: batch.baseOffset, end: last?.endOffset },
    )
    this.#batches.push(batch)
  }

  /** Takes back the newest. */
  pop(batch: HeldBatch): void {
    invariant(this.#batches.at(-1) === batch, 'batches are taken back newest first')
    this.#batches.pop()
    batch.dropped = true
  }

  /** Unflushed batches that end at or below `end`, oldest first, at least one where there is one, up to `bytesMax`. */
  unflushed(end: number, bytesMax: number): readonly HeldBatch[] {
    const chosen: HeldBatch[] = []
    let bytes = 0
    for (let i = this.#unflushed; i < this.#batches.length; i++) {
      const batch = this.#batches[i] as HeldBatch // below the length
      if (batch.endOffset > end || (bytes > 0 && bytes + batch.bytes.length > bytesMax)) break
      bytes += batch.bytes.length
      chosen.push(batch)
    }
    return chosen
  }

  markFlushed(batches: readonly HeldBatch[]): void {
    for (const batch of batches) {
      invariant(this.#batches[this.#unflushed] === batch, 'batches are flushed in order')
      batch.flushed = true
      this.#unflushed++
    }
  }

  evict(batch: HeldBatch): void {
    invariant(this.#batches[this.#first] === batch, 'batches leave oldest first')
    this.#first++
    this.#unflushed = Math.max(this.#unflushed, this.#first)
    if (this.#first >= 16 && this.#first * 2 > this.#batches.length) {
      this.#batches = this.#batches.slice(this.#first)
      this.#unflushed -= this.#first
      this.#first = 0
    }
  }

  /** Drops everything that ends above `end`. @returns what was dropped */
  cut(end: number): readonly HeldBatch[] {
    let keep = this.#batches.length
    while (keep > this.#first && (this.#batches[keep - 1]?.endOffset ?? 0) > end) keep--
    const dropped = this.#batches.splice(keep)
    this.#unflushed = Math.min(this.#unflushed, keep)
    for (const batch of dropped) batch.dropped = true
    return dropped
  }

  /** From the batch that holds `offset` on; nothing when that one is not in memory. */
  *from(offset: number): Generator<HeldBatch, void, undefined> {
    const first = this.first
    if (first === undefined || offset < first.baseOffset) return
    let [low, high] = [this.#first, this.#batches.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#batches[middle]?.endOffset ?? 0) <= offset) low = middle + 1
      else high = middle
    }
    for (let i = low; i < this.#batches.length; i++) yield this.#batches[i] as HeldBatch // below the length
  }
}
