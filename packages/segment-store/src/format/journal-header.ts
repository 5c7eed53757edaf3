import { crc32 } from '@eastguard/kernel'
import { equalBytes, getU64, isZero, setU64, viewOf } from './little-endian.ts'

// The first 64 bytes of a journal file; frames start at 4,096.
//
//   0        4        8          16      24         40             48         64
//   │ EGJ 1  │ crc    │ sequence │ base  │ store id │ previous end │ reserved │
//              of 8–63

/** Bytes in front of the first frame, and the unit of groups: no block with acknowledged bytes is written twice. */
export const journalBlockBytes = 4096

const headerBytes = 64
const magic = 0x014a4745 // EGJ, version 1

export interface JournalHeader {
  /** +1 for each file and each reuse; also the file's name. */
  readonly sequence: number
  /** Journal position of the file's byte 0. */
  readonly base: number
  /** Journal position right behind the last frame of the file before it. */
  readonly previousEnd: number
}

/** @returns one block, zeros behind the header */
export function encodeJournalHeader(header: JournalHeader, storeId: Uint8Array): Uint8Array {
  const block = new Uint8Array(journalBlockBytes)
  const view = viewOf(block)
  view.setUint32(0, magic, true)
  setU64(view, 8, header.sequence)
  setU64(view, 16, header.base)
  block.set(storeId, 24)
  setU64(view, 40, header.previousEnd)
  view.setUint32(4, crc32(block.subarray(8, headerBytes)), true)
  return block
}

/**
 * - `damaged`: no header, or one whose checksum does not hold;
 * - `foreign`: a good header of another store;
 * - `newer`: reserved bytes are in use.
 */
export function decodeJournalHeader(
  bytes: Uint8Array,
  storeId: Uint8Array,
): JournalHeader | 'damaged' | 'foreign' | 'newer' {
  if (bytes.length < headerBytes) return 'damaged'
  const view = viewOf(bytes)
  if (view.getUint32(0, true) !== magic) return 'damaged'
  if (view.getUint32(4, true) !== crc32(bytes.subarray(8, headerBytes))) return 'damaged'
  if (!equalBytes(bytes.subarray(24, 40), storeId)) return 'foreign'
  if (!isZero(bytes, 48, headerBytes)) return 'newer'
  const [sequence, base, previousEnd] = [getU64(view, 8), getU64(view, 16), getU64(view, 40)]
  if (sequence === undefined || base === undefined || previousEnd === undefined) return 'damaged'
  return { sequence, base, previousEnd }
}

export function journalFileName(sequence: number): string {
  return `${String(sequence).padStart(10, '0')}.jnl`
}

/** @returns undefined for spares and what is not a journal file */
export function journalSequenceOf(name: string): number | undefined {
  const match = /^([0-9]{10,16})\.jnl$/.exec(name)
  const sequence = Number(match?.[1])
  return match !== null && Number.isSafeInteger(sequence) && journalFileName(sequence) === name ? sequence : undefined
}
