import { decodeControlBody, encodeControlBody } from '../control-body.ts'

// 0x0202 ProduceOpened, broker → client, flag answer; with flag error the body is the error map and the session does
// not exist: map
//
//   windowBytes    u32: bytes that may be unacknowledged
//   windowBatches  u32: batches that may be unacknowledged
//   replicas       u32: copies that an acknowledged record has; default 1

export interface ProduceOpened {
  readonly windowBytes: number
  readonly windowBatches: number
  readonly replicas: number
}

export function encodeProduceOpened(message: ProduceOpened): Uint8Array {
  const { windowBytes, windowBatches, replicas } = message
  return encodeControlBody({ windowBytes, windowBatches, replicas })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeProduceOpened(body: Uint8Array): ProduceOpened {
  const fields = decodeControlBody(body, 'ProduceOpened')
  return {
    windowBytes: fields.u32('windowBytes'),
    windowBatches: fields.u32('windowBatches'),
    replicas: fields.optionalUint('replicas', { max: 0xffffffff }) ?? 1,
  }
}
