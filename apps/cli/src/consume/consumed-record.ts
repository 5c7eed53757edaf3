/** A record as a reader gives it. */
export interface ConsumedRecord {
  readonly topic: string
  readonly range: number
  readonly offset: number
  /** Its place as text: `--from` it starts with this record. */
  readonly position: string
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly ConsumedHeader[]
  /** Milliseconds since 1970. */
  readonly timestamp: number
}

export interface ConsumedHeader {
  readonly name: string
  readonly value: Uint8Array | null
}
