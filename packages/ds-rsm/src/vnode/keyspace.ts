import { invariant } from '@eastguard/kernel'

// One space for topic names (which vNode?) and record keys (which range?): [0, 2^32).
//
// Ranges are nodes of the binary tree over it. A node of width w starts at a multiple of w, so that its buddy is the
// node whose start differs in that one bit: no search, and buddies of different topics align.

/** One more than the largest hash. */
const spaceEnd: number = 2 ** 32

/** Both inclusive, because 2^32 does not fit where 2^32 − 1 does. */
export interface Piece {
  readonly first: number
  readonly last: number
}

/** @param count a power of two up to 2^32. @returns the space in equal pieces, ascending */
export function equalPieces(count: number): Piece[] {
  const width = spaceEnd / count
  invariant(isPowerOfTwo(count) && width >= 1, 'the space is cut into a power of two pieces', { count })
  return Array.from({ length: count }, (_, i) => ({ first: i * width, last: (i + 1) * width - 1 }))
}

/** @returns the two children, lower first; undefined for a single hash, which cannot be cut */
export function halves(piece: Piece): readonly [Piece, Piece] | undefined {
  const width = widthOf(piece)
  if (width === 1) return undefined
  const middle = piece.first + width / 2
  return [
    { first: piece.first, last: middle - 1 },
    { first: middle, last: piece.last },
  ]
}

/** @returns the only piece that this one can merge with; undefined for the whole space */
export function buddyOf(piece: Piece): Piece | undefined {
  const width = widthOf(piece)
  if (width === spaceEnd) return undefined
  const first = (piece.first / width) % 2 === 0 ? piece.first + width : piece.first - width
  return { first, last: first + width - 1 }
}

/** Whether a piece is a node of the tree: a power of two wide and aligned to its width. */
export function isNode(piece: Piece): boolean {
  const width = widthOf(piece)
  return isPowerOfTwo(width) && piece.first % width === 0 && piece.last < spaceEnd
}

/** Whether the pieces, in any order, cover the space without gap and overlap. */
export function tilesSpace(pieces: readonly Piece[]): boolean {
  const ascending = [...pieces].sort((a, b) => a.first - b.first)
  let next = 0
  for (const piece of ascending) {
    if (piece.first !== next || piece.last < piece.first) return false
    next = piece.last + 1
  }
  return next === spaceEnd
}

function widthOf(piece: Piece): number {
  return piece.last - piece.first + 1
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(Math.log2(value))
}
