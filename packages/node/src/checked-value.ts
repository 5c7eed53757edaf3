import { crc32, EastGuardError } from '@eastguard/kernel'

/** A stored value: CRC-32 of key and value (4 bytes, little-endian), then the value. */
const checksumBytes = 4

export function sealValue(key: Uint8Array, value: Uint8Array): Buffer {
  const sealed = Buffer.allocUnsafeSlow(checksumBytes + value.length)
  sealed.set(value, checksumBytes)
  sealed.writeUInt32LE(crc32(value, crc32(key)), 0)
  return sealed
}

/** @returns a copy. @throws EG_STORAGE_DAMAGED (give-up) */
export function readValue(key: Uint8Array, sealed: Buffer): Uint8Array {
  const value = new Uint8Array(sealed.subarray(checksumBytes))
  if (sealed.length >= checksumBytes && sealed.readUInt32LE(0) === crc32(value, crc32(key))) return value
  const hex = Buffer.from(key).toString('hex')
  throw new EastGuardError({
    code: 'EG_STORAGE_DAMAGED',
    remedy: 'give-up',
    message: `the stored value of key ${hex} does not match its checksum`,
    facts: { key: hex, bytes: sealed.length },
  })
}
