import { encodeUtf8 } from '@eastguard/kernel'
import { invalidArgument } from '../options.ts'
import { printIsoTime } from '../text/iso-time.ts'
import type { ConsumedRecord } from './consumed-record.ts'
import { headersJson } from './record-json.ts'

// `consume -f`: fixed text with fields in between. Keys and values come out byte for byte.

/** Bytes of one record, in the order in which they are written. */
export type RecordTemplate = (record: ConsumedRecord) => readonly Uint8Array[]

type Piece = (record: ConsumedRecord) => Uint8Array

const nothing = new Uint8Array(0)

const fieldPieces: { readonly [letter: string]: Piece } = {
  k: ({ key }) => key ?? nothing,
  v: ({ value }) => value ?? nothing,
  h: ({ headers }) => encodeUtf8(JSON.stringify(headersJson(headers))),
  t: ({ topic }) => encodeUtf8(topic),
  r: ({ range }) => encodeUtf8(String(range)),
  o: ({ offset }) => encodeUtf8(String(offset)),
  T: ({ timestamp }) => encodeUtf8(printIsoTime(timestamp)),
  p: ({ position }) => encodeUtf8(position),
}

const escapes: { readonly [letter: string]: string } = { n: '\n', t: '\t', r: '\r', '0': '\0', '\\': '\\' }

/** @throws EG_INVALID_ARGUMENT (fix-call) naming what it does not know */
export function parseRecordTemplate(text: string): RecordTemplate {
  const pieces: Piece[] = []
  let fixed = ''
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] as string // inside the bounds of the loop
    if (letter !== '%' && letter !== '\\') {
      fixed += letter
      continue
    }
    const next = text[++at] ?? ''
    const field = fieldPieces[next]
    const literal = letter === '\\' ? escapes[next] : next === '%' ? '%' : undefined
    if (literal !== undefined) fixed += literal
    else if (letter === '%' && field !== undefined) {
      pieces.push(constantPiece(fixed), field)
      fixed = ''
    } else
      throw invalidArgument(
        `--format has ${JSON.stringify(letter + next)}; known are ${knownFields()} and %%, \\n, \\t, \\r, \\0, \\\\`,
      )
  }
  pieces.push(constantPiece(fixed))
  return (record) => pieces.map((piece) => piece(record))
}

function constantPiece(text: string): Piece {
  const bytes = encodeUtf8(text)
  return () => bytes
}

function knownFields(): string {
  return Object.keys(fieldPieces)
    .map((letter) => `%${letter}`)
    .join(', ')
}
