/** Compresses bodies. Implementations live outside: `gzipCodec` in `@eastguard/node`. */
export interface Codec {
  readonly id: 1 | 2 | 3
  readonly name: 'gzip' | 'lz4' | 'zstd'
  /** @param body borrowed until settled */
  encode(body: Uint8Array): Promise<Uint8Array>
  /**
   * Never reserves more than `bodyBytes` for its result.
   * @param body borrowed until settled
   * @throws EG_BATCH_MALFORMED (fix-call) when it is not this codec's, or does not inflate to exactly `bodyBytes`
   */
  decode(body: Uint8Array, bodyBytes: number): Promise<Uint8Array>
}
