import type { ControlMap } from '../control-body.ts'
import type { Fields } from '../fields.ts'

// Where a broker listens for clients: map
//
//   brokerId  hex 32
//   host      string ≤ 255
//   port      u16, 1 or more

export interface BrokerPlace {
  readonly brokerId: string
  readonly host: string
  readonly port: number
}

export function placeToMap(place: BrokerPlace): ControlMap {
  return { brokerId: place.brokerId, host: place.host, port: place.port }
}

/** nil and missing: nobody. @throws EG_MALFORMED (fix-call) */
export function readPlace(fields: Fields, name: string): BrokerPlace | null {
  const place = fields.has(name) ? fields.nullableMap(name) : null
  return place === null
    ? null
    : {
        brokerId: place.hex('brokerId', 32),
        host: place.string('host', 255),
        port: place.uint('port', { min: 1, max: 0xffff }),
      }
}
