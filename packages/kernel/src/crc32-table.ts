const polynomial = 0xedb88320

// Eight tables: table[k][b] is the remainder of byte b followed by k zero bytes, so that eight bytes take one step.
const tables: readonly Uint32Array[] = makeTables()

/** CRC-32 (IEEE 802.3), chained through its seed, for runtimes without zlib ("slicing by eight", Kounavis and Berry 2005). */
export function crc32(bytes: Uint8Array, seed = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as readonly [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ]
  // Every index below is a byte, every table has 256 entries: `at` cannot miss.
  const at = (table: Uint32Array, byte: number): number => table[byte & 0xff] as number
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const whole = bytes.length - (bytes.length % 8)
  let crc = ~seed
  let i = 0
  for (; i < whole; i += 8) {
    const low = view.getUint32(i, true) ^ crc
    const high = view.getUint32(i + 4, true)
    crc =
      at(t7, low) ^
      at(t6, low >>> 8) ^
      at(t5, low >>> 16) ^
      at(t4, low >>> 24) ^
      at(t3, high) ^
      at(t2, high >>> 8) ^
      at(t1, high >>> 16) ^
      at(t0, high >>> 24)
  }
  for (; i < bytes.length; i++) crc = at(t0, crc ^ (bytes[i] as number)) ^ (crc >>> 8)
  return ~crc >>> 0
}

function makeTables(): readonly Uint32Array[] {
  const first = new Uint32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let remainder = byte
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ polynomial : remainder >>> 1
    first[byte] = remainder
  }
  const all = [first]
  for (let k = 1; k < 8; k++) {
    const before = all[k - 1] as Uint32Array
    all.push(before.map((remainder) => (remainder >>> 8) ^ (first[remainder & 0xff] as number)))
  }
  return all
}
