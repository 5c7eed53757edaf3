import { decodeControlBody, encodeControlBody } from '../control-body.ts'
import type { Fields } from '../fields.ts'
import { type BrokerPlace, placeToMap, readPlace } from './broker-place.ts'

// 0x0501 Moved, broker → client, ends a session: map
//
//   reason         rolled | split | merged | leader | drained; any other word reads as leader
//   endOffset      u64, optional: where the log of this range, as this broker serves it, ends
//   acceptedBelow  u32, optional: produce sessions: every frame sequence below it was stored, none from it on
//   next           list of ≤ 64 maps, where to go on, possibly empty (ask DescribeTopic): range u32,
//                  leader nil | broker place; default empty

export type MovedReason = 'rolled' | 'split' | 'merged' | 'leader' | 'drained'

export interface MovedTo {
  readonly range: number
  readonly leader: BrokerPlace | null
}

export interface Moved {
  readonly reason: MovedReason
  readonly endOffset?: number | undefined
  readonly acceptedBelow?: number | undefined
  readonly next: readonly MovedTo[]
}

const reasons = ['rolled', 'split', 'merged', 'leader', 'drained'] as const

export function encodeMoved(message: Moved): Uint8Array {
  const { reason, endOffset, acceptedBelow, next } = message
  return encodeControlBody({
    reason,
    endOffset,
    acceptedBelow,
    next: next.map((to) => ({ range: to.range, leader: to.leader === null ? null : placeToMap(to.leader) })),
  })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeMoved(body: Uint8Array): Moved {
  const fields = decodeControlBody(body, 'Moved')
  const word = fields.optionalString('reason', 64)
  return {
    // A reason of a newer peer is handled as the most general one: ask again who leads.
    reason: reasons.find((reason) => reason === word) ?? 'leader',
    endOffset: fields.optionalUint('endOffset'),
    acceptedBelow: fields.optionalUint('acceptedBelow', { max: 0xffffffff }),
    next: fields.maps('next', 64, readMovedTo),
  }
}

function readMovedTo(fields: Fields): MovedTo {
  return { range: fields.u32('range'), leader: readPlace(fields, 'leader') }
}
