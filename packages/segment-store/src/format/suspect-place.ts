import { ByteReader, ByteWriter, decodeUtf8, encodeUtf8 } from '@eastguard/kernel'
import type { Place } from '../answers.ts'

// Payload of a suspect frame: position (8), length of the file's name (2), the name, the reason.

export function encodePlace(place: Place): Uint8Array {
  const file = encodeUtf8(place.file)
  return new ByteWriter().u64(place.position).u16(file.length).bytes(file).bytes(encodeUtf8(place.reason)).copy()
}

/** @param bytes checked before; @throws EG_MALFORMED */
export function decodePlace(bytes: Uint8Array): Place {
  const reader = new ByteReader(bytes)
  const position = reader.u64()
  const file = decodeUtf8(reader.bytes(reader.u16()))
  return { file, position, reason: decodeUtf8(reader.bytes(reader.remaining)) }
}
