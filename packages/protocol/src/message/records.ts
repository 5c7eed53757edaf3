import { ByteReader, ByteWriter, invariant } from '@eastguard/kernel'
import { codedError } from '../error-table.ts'

// 0x0303 Records, broker → client: fixed
//
//    0  16  segment id (the reader checks the stamps with it)
//   16   8  committed end of the range
//   24   …  whole stamped batches, back to back; the first may begin before the asked offset, the client skips

export interface Records {
  /** 16 bytes: topic, range, segment. */
  readonly segmentId: Uint8Array
  readonly committedEnd: number
  /** Whole stamped batches, back to back over all parts. */
  readonly parts: readonly Uint8Array[]
}

/** Bytes of the body before the batches. */
export const recordsHeadBytes = 24
const segmentIdBytes = 16

/** @returns a head and the parts as they are, retained and not copied */
export function encodeRecords(message: Records): readonly Uint8Array[] {
  const { segmentId, committedEnd, parts } = message
  invariant(segmentId.length === segmentIdBytes, 'a segment id has 16 bytes', { length: segmentId.length })
  return [new ByteWriter(recordsHeadBytes).bytes(segmentId).u64(committedEnd).view(), ...parts]
}

/** `segmentId` is a copy; the one part is a view of `body`, and is not looked at. @throws EG_MALFORMED (fix-call) */
export function decodeRecords(body: Uint8Array): Records {
  const reader = new ByteReader(body)
  const segmentId = new Uint8Array(reader.bytes(segmentIdBytes))
  const committedEnd = reader.u64()
  if (reader.remaining === 0) throw codedError('EG_MALFORMED', 'Records has no batch')
  return { segmentId, committedEnd, parts: [reader.bytes(reader.remaining)] }
}
