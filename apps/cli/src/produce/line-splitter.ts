import { EastGuardError } from '@eastguard/kernel'
import { joined } from '../text/joined-bytes.ts'

const lineFeed = 10

/** A longer line is no record: the largest batch that any broker takes is 16 MiB. */
export const lineBytesMax = 16 * 2 ** 20

/**
 * Bytes into lines. A line ends at a line feed and keeps everything before it, a carriage return too; what follows the
 * last line feed is a line unless it is empty. Lines are views of the chunks where they can be, copies where they span two.
 */
export class LineSplitter {
  #parts: Uint8Array[] = []
  #partsBytes = 0
  #lineCount = 0

  /** Lines handed out so far. */
  get lineCount(): number {
    return this.#lineCount
  }

  /** @throws EG_RECORD_TOO_LARGE (fix-call) naming the line */
  *push(chunk: Uint8Array): Generator<Uint8Array, void, void> {
    let from = 0
    for (let to = chunk.indexOf(lineFeed); to !== -1; to = chunk.indexOf(lineFeed, from)) {
      yield this.#take(chunk.subarray(from, to))
      from = to + 1
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from))
  }

  /** @returns the last line, when the bytes do not end with a line feed */
  end(): Uint8Array | undefined {
    return this.#partsBytes === 0 ? undefined : this.#take(new Uint8Array(0))
  }

  #keep(part: Uint8Array): void {
    this.#parts.push(part)
    this.#partsBytes += part.length
    this.#check(this.#partsBytes)
  }

  #take(rest: Uint8Array): Uint8Array {
    this.#check(this.#partsBytes + rest.length)
    this.#lineCount++
    if (this.#partsBytes === 0) return rest
    const line = joined([...this.#parts, rest])
    this.#parts = []
    this.#partsBytes = 0
    return line
  }

  #check(bytes: number): void {
    if (bytes <= lineBytesMax) return
    throw new EastGuardError({
      code: 'EG_RECORD_TOO_LARGE',
      remedy: 'fix-call',
      message: `line ${this.#lineCount + 1} is longer than ${lineBytesMax} bytes`,
      facts: { line: this.#lineCount + 1, limit: lineBytesMax },
    })
  }
}
