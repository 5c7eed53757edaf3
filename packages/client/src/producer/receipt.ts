/** Where a record is, now that it is durable. */
export interface Receipt {
  readonly topic: string
  readonly range: number
  readonly offset: number
  /** The leader's append time, ms since 1970. */
  readonly time: number
  /** Copies on disk, the leader's included. */
  readonly replicas: number
}

/** Consecutive records of one batch: offsets from `offset` to `offset + count`, end-exclusive. */
export interface BatchReceipt extends Receipt {
  readonly count: number
}

/** What `sendMany` learned, in two shapes: by batch, which is cheap, and by record. */
export interface Receipts {
  /** Number of records. */
  readonly count: number
  /** In no particular order. */
  readonly batches: readonly BatchReceipt[]
  /** Of the record with this index in the call. */
  at(index: number): Receipt
}
