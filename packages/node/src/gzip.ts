import { constants, gunzip, gzip } from 'node:zlib'
import { EastGuardError } from '@eastguard/kernel'
import { plainBytes } from './plain-bytes.ts'

/** Codec of `@eastguard/record` (the shape fits; neither package imports the other), on zlib's thread pool. */
export interface GzipCodec {
  readonly id: 1
  readonly name: 'gzip'
  /** @param body borrowed until settled */
  encode(body: Uint8Array): Promise<Uint8Array>
  /**
   * @param body borrowed until settled
   * @param bodyBytes size of the result; nothing larger is ever reserved (H64)
   * @throws EG_BATCH_MALFORMED (fix-call): not gzip, or of another size
   */
  decode(body: Uint8Array, bodyBytes: number): Promise<Uint8Array>
}

export const gzipCodec: GzipCodec = { id: 1, name: 'gzip', encode, decode }

// Level 1: a producer waits for this, and the levels above cost several times more for a few percent.
const level = constants.Z_BEST_SPEED

function encode(body: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    gzip(body, { level }, (error, packed) => {
      if (error === null) resolve(plainBytes(packed))
      else reject(error)
    })
  })
}

function decode(body: Uint8Array, bodyBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    // H64: a small body may claim to inflate to anything. zlib stops at the bound.
    gunzip(body, { maxOutputLength: bodyBytes, chunkSize: chunkBytes(bodyBytes) }, (error, inflated) => {
      if (error !== null) reject(malformed('the body does not inflate', bodyBytes, error))
      else if (inflated.length !== bodyBytes) {
        reject(malformed(`the body inflates to ${inflated.length} bytes, not to ${bodyBytes}`, bodyBytes))
      } else resolve(plainBytes(inflated))
    })
  })
}

/** zlib collects its output in chunks and joins them: one chunk of the right size for what is usual, 64 at least. */
function chunkBytes(bodyBytes: number): number {
  return Math.min(Math.max(bodyBytes, 64), 1024 * 1024)
}

function malformed(what: string, bodyBytes: number, cause?: Error): EastGuardError {
  return new EastGuardError({
    code: 'EG_BATCH_MALFORMED',
    remedy: 'fix-call',
    message: `batch: ${what}`,
    facts: { codec: 'gzip', bodyBytes },
    cause,
  })
}
