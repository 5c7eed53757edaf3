/** A name and bytes beside a record's value. Names may repeat; their order is kept. */
export type RecordHeader = {
  /** At most 65,535 bytes of UTF-8. */
  readonly name: string
  readonly value: Uint8Array | null
}

/** What a producer writes and a consumer reads. */
export interface Record {
  /** An empty key is a key; `null` is none. */
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** At most 65,535. */
  readonly headers: readonly RecordHeader[]
  /** The producer's, integer milliseconds since 1970, 0 or more. */
  readonly timestamp: number
}
