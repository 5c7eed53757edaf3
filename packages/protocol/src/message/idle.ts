import { ByteReader, ByteWriter } from '@eastguard/kernel'

// 0x0305 Idle, broker → client: fixed
//
//   0  8  committed end
//   8  4  age of the leader's last word, ms; 0 from the leader

export interface Idle {
  readonly committedEnd: number
  readonly leaderAgeMs: number
}

export function encodeIdle(message: Idle): Uint8Array {
  return new ByteWriter(16).u64(message.committedEnd).u32(message.leaderAgeMs).view()
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeIdle(body: Uint8Array): Idle {
  const reader = new ByteReader(body)
  const committedEnd = reader.u64()
  const leaderAgeMs = reader.u32()
  reader.end()
  return { committedEnd, leaderAgeMs }
}
