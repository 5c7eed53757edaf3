import { ByteReader, ByteWriter } from '@eastguard/kernel'
import { codedError } from '../error-table.ts'

// 0x0204 AppendAck, broker → client: fixed
//
//    0     4  every sequence below this is durable (end-exclusive)
//    4     4  window: bytes that may be unacknowledged
//    8     4  window: batches that may be unacknowledged
//   12     4  n, batches newly acknowledged, may be 0
//   16  16 n  each: base offset (8), append time (8)

export interface AppendAck {
  /** Every sequence below this is durable. */
  readonly below: number
  readonly windowBytes: number
  readonly windowBatches: number
  /** Of the batches newly acknowledged: the last of them has sequence `below` − 1. */
  readonly receipts: readonly AppendReceipt[]
}

export interface AppendReceipt {
  readonly baseOffset: number
  readonly appendTime: number
}

const headBytes = 16
const receiptBytes = 16

export function encodeAppendAck(message: AppendAck): Uint8Array {
  const { below, windowBytes, windowBatches, receipts } = message
  const writer = new ByteWriter(headBytes + receiptBytes * receipts.length)
    .u32(below)
    .u32(windowBytes)
    .u32(windowBatches)
    .u32(receipts.length)
  for (const receipt of receipts) writer.u64(receipt.baseOffset).u64(receipt.appendTime)
  return writer.view()
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeAppendAck(body: Uint8Array): AppendAck {
  const reader = new ByteReader(body)
  const below = reader.u32()
  const windowBytes = reader.u32()
  const windowBatches = reader.u32()
  const count = reader.u32()
  // H64: the count is compared with what is there before the list grows.
  if (reader.remaining !== count * receiptBytes) {
    throw codedError('EG_MALFORMED', `AppendAck says ${count} receipts, ${reader.remaining} bytes are there`)
  }
  const receipts: AppendReceipt[] = []
  for (let i = 0; i < count; i++) receipts.push({ baseOffset: reader.u64(), appendTime: reader.u64() })
  return { below, windowBytes, windowBatches, receipts }
}
