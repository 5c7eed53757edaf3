import { type Deferred, deferred, invariant } from '@eastguard/kernel'

/** Records between two flushes; batches never mix epochs. */
export interface Epoch {
  /** Records without an outcome. */
  open: number
  readonly flushed: Deferred<void>[]
}

/**
 * What a flush waits for: every record that came before it, and none that came after, so that a producer under load
 * flushes too.
 */
export class FlushEpochs {
  /** Oldest first; the last is the present one. */
  readonly #epochs: Epoch[] = [{ open: 0, flushed: [] }]

  /** The epoch of a record that comes now. */
  get present(): Epoch {
    return this.#epochs.at(-1) as Epoch // never empty
  }

  /** Records of all epochs without an outcome. */
  get open(): number {
    let open = 0
    for (const epoch of this.#epochs) open += epoch.open
    return open
  }

  /** So many records of an epoch have their outcome. */
  settled(epoch: Epoch, count: number): void {
    epoch.open -= count
    invariant(epoch.open >= 0, 'a record has one outcome', { open: epoch.open })
    if (epoch.open === 0) this.#release()
  }

  /** Resolves when everything before has its outcome; later records belong to a new epoch. */
  flush(): Promise<void> {
    const flushed = deferred<void>()
    this.present.flushed.push(flushed)
    this.#epochs.push({ open: 0, flushed: [] })
    this.#release()
    return flushed.promise
  }

  #release(): void {
    while (this.#epochs.length > 1) {
      const [oldest] = this.#epochs
      if (oldest === undefined || oldest.open > 0) return
      this.#epochs.shift()
      for (const flushed of oldest.flushed) flushed.resolve()
    }
  }
}
