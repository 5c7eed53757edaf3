import { decodeUtf8, encodeUtf8 } from '@eastguard/kernel'
import { readU16, readU32, writeU16, writeU32 } from './batch-fields.ts'
import type { BytePile } from './byte-pile.ts'
import { invalidArgument, malformedBatch } from './errors.ts'
import type { RecordHeader } from './record.ts'

// One record's headers: count (2), then for each: name length (2), value length + 1 (4), name, value. A record without
// headers has no block at all.

const countBytes = 2
const entryBytes = 6
const nameBytesMax = 0xffff
const headerCountMax = 0xffff

/** What a record without headers has. */
const noHeaders: readonly RecordHeader[] = Object.freeze([])

/**
 * Encodes the names of one record's headers and measures its block.
 * @param names receives the encoded names, replacing what it held
 * @returns bytes of the block, 0 for no headers
 * @throws EG_INVALID_ARGUMENT (fix-call): more headers, or a longer name, than a block can say
 */
export function measureHeaders(headers: readonly RecordHeader[], names: Uint8Array[]): number {
  names.length = 0
  if (headers.length === 0) return 0
  if (headers.length > headerCountMax) {
    throw invalidArgument(`a record has ${headers.length} headers, at most ${headerCountMax} are possible`, {
      headerCount: headers.length,
    })
  }
  let bytes = countBytes
  for (const { name, value } of headers) {
    const encoded = encodeUtf8(name)
    if (encoded.length > nameBytesMax) {
      throw invalidArgument(`a header's name has ${encoded.length} bytes, at most ${nameBytesMax} are possible`, {
        nameBytes: encoded.length,
      })
    }
    names.push(encoded)
    bytes += entryBytes + encoded.length + (value === null ? 0 : value.length)
  }
  return bytes
}

/** Writes the block that `measureHeaders` measured, with the names that it encoded. */
export function pushHeaders(pile: BytePile, headers: readonly RecordHeader[], names: readonly Uint8Array[]): void {
  const countAt = pile.reserve(countBytes)
  writeU16(pile.bytes, countAt, headers.length) // `reserve` may have replaced `bytes`: read it afterwards
  for (const [i, { value }] of headers.entries()) {
    const name = names[i] as Uint8Array // one for each header
    const at = pile.reserve(entryBytes)
    writeU16(pile.bytes, at, name.length)
    writeU32(pile.bytes, at + 2, value === null ? 0 : value.length + 1)
    pile.push(name)
    if (value !== null) pile.push(value)
  }
}

/**
 * @param block exactly one block; the values are views into it
 * @throws EG_BATCH_MALFORMED (fix-call)
 */
export function readHeaders(block: Uint8Array): readonly RecordHeader[] {
  if (block.length === 0) return noHeaders
  const count = readU16(block, 0)
  if (block.length < countBytes || count === 0) throw malformedBatch('a header block without headers')
  // H64: grows by what is there, never by what `count` claims.
  const headers: RecordHeader[] = []
  let at = countBytes
  for (let i = 0; i < count; i++) {
    if (block.length - at < entryBytes) throw tooShort(count, i)
    const nameAt = at + entryBytes
    const nameBytes = readU16(block, at)
    const valueEntry = readU32(block, at + 2)
    const valueBytes = valueEntry === 0 ? 0 : valueEntry - 1
    if (block.length - nameAt < nameBytes + valueBytes) throw tooShort(count, i)
    const valueAt = nameAt + nameBytes
    at = valueAt + valueBytes
    headers.push({
      name: readName(block.subarray(nameAt, valueAt)),
      value: valueEntry === 0 ? null : block.subarray(valueAt, at),
    })
  }
  if (at !== block.length) throw malformedBatch(`${block.length - at} bytes too many in a header block`)
  return headers
}

function readName(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes)
  } catch (cause) {
    throw malformedBatch("a header's name is not valid UTF-8", {}, cause)
  }
}

function tooShort(count: number, index: number): Error {
  return malformedBatch(`a header block ends inside header ${index} of ${count}`, { count, index })
}
