import type { ReadRecord, RecordBatch } from './record-batch.ts'

/** Where batches come from: a reader. */
export interface BatchStream {
  nextBatch(): Promise<RecordBatch | undefined>
  close(): Promise<void>
}

/**
 * Record by record. Written by hand: inside a batch a step is one settled promise, where an async generator takes
 * several turns.
 */
export class RecordIterator implements AsyncIterator<ReadRecord, undefined> {
  readonly #stream: BatchStream
  #batch: RecordBatch | undefined
  #index = 0
  /** A batch is being fetched: calls that come meanwhile stand in line behind it. */
  #fetching: Promise<unknown> | undefined

  constructor(stream: BatchStream) {
    this.#stream = stream
  }

  next(): Promise<IteratorResult<ReadRecord, undefined>> {
    const batch = this.#batch
    if (this.#fetching === undefined && batch !== undefined && this.#index < batch.count) {
      try {
        return Promise.resolve({ done: false, value: batch.record(this.#index++) })
      } catch (error) {
        return Promise.reject(error)
      }
    }
    const turn = (this.#fetching ?? Promise.resolve()).then(() => this.#fetch())
    this.#fetching = turn
    const done = (): void => {
      if (this.#fetching === turn) this.#fetching = undefined
    }
    turn.then(done, done)
    return turn
  }

  async return(): Promise<IteratorResult<ReadRecord, undefined>> {
    await this.#stream.close()
    return { done: true, value: undefined }
  }

  async #fetch(): Promise<IteratorResult<ReadRecord, undefined>> {
    while (this.#batch === undefined || this.#index >= this.#batch.count) {
      this.#index = 0
      this.#batch = await this.#stream.nextBatch()
      if (this.#batch === undefined) return { done: true, value: undefined }
    }
    return { done: false, value: this.#batch.record(this.#index++) }
  }
}
