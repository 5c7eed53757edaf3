import { ByteReader, ByteWriter } from '@eastguard/kernel'
import { codedError } from '../error-table.ts'

// 0x0203 Append, client → broker: fixed
//
//   0  4  frame sequence in this session, from 0 (not the batch's sequence)
//   4  …  one batch, unstamped

export interface Append {
  readonly sequence: number
  readonly batch: Uint8Array
}

/** Bytes of the body before the batch. */
export const appendHeadBytes = 4

/** @returns two parts; the batch is retained as it is, not copied */
export function encodeAppend(message: Append): readonly Uint8Array[] {
  return [new ByteWriter(appendHeadBytes).u32(message.sequence).view(), message.batch]
}

/** The batch is a view of `body`, and is not looked at. @throws EG_MALFORMED (fix-call) */
export function decodeAppend(body: Uint8Array): Append {
  const reader = new ByteReader(body)
  const sequence = reader.u32()
  if (reader.remaining === 0) throw codedError('EG_MALFORMED', 'Append has no batch')
  return { sequence, batch: reader.bytes(reader.remaining) }
}
