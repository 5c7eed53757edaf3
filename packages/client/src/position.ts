import { codedError } from '@eastguard/protocol'

/**
 * Places in a topic: for each range named, the offset of the next record to read. Ranges that are not named are not
 * read from a position. Opaque to users, who keep and pass the text.
 *
 * Text: `<topic id, 16 hex>:<range>-<offset>,<range>-<offset>…`
 */
export interface Position {
  /** 16 hex digits. */
  readonly topic: string
  /** Range number to offset. */
  readonly offsets: ReadonlyMap<number, number>
}

/** Whether a text looks like a position at all (and not like a time or a duration). */
export function isPositionText(text: string): boolean {
  return /^[0-9a-f]{16}:/.test(text)
}

export function formatPosition(position: Position): string {
  const parts: string[] = []
  for (const [range, offset] of position.offsets) parts.push(`${range}-${offset}`)
  return `${position.topic}:${parts.join(',')}`
}

/** The position of one record: cheaper than `formatPosition`, the same text. */
export function formatRecordPosition(topic: string, range: number, offset: number): string {
  return `${topic}:${range}-${offset}`
}

/** @throws EG_INVALID_ARGUMENT (fix-call) */
export function parsePosition(text: string): Position {
  const match = /^([0-9a-f]{16}):(\d{1,10}-\d{1,16}(?:,\d{1,10}-\d{1,16})*)$/.exec(text)
  if (match === null) throw malformed(text)
  const offsets = new Map<number, number>()
  // Both groups take part in every match.
  for (const part of (match[2] as string).split(',')) {
    const [range, offset] = part.split('-').map(Number) as [number, number]
    if (range > 0xffffffff || !Number.isSafeInteger(offset) || offsets.has(range)) throw malformed(text)
    offsets.set(range, offset)
  }
  return { topic: match[1] as string, offsets }
}

function malformed(text: string): Error {
  return codedError(
    'EG_INVALID_ARGUMENT',
    `position ${JSON.stringify(text.slice(0, 80))} is not one that a reader gave`,
  )
}
