import { ByteReader, ByteWriter } from '@eastguard/kernel'

// 0x0304 Progress, client → broker: fixed
//
//   0  8  all below this offset is taken
//   8  4  window: bytes that may be sent beyond what is taken

export interface Progress {
  readonly takenBelow: number
  readonly windowBytes: number
}

export function encodeProgress(message: Progress): Uint8Array {
  return new ByteWriter(16).u64(message.takenBelow).u32(message.windowBytes).view()
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeProgress(body: Uint8Array): Progress {
  const reader = new ByteReader(body)
  const takenBelow = reader.u64()
  const windowBytes = reader.u32()
  reader.end()
  return { takenBelow, windowBytes }
}
