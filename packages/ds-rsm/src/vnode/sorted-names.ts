const chunkCountMax = 512

/**
 * Topic names in order of their code units, in chunks, so that adding one among 100,000 moves a few hundred at most.
 *
 * ```
 *   [ [a … c] [c … h] [h … z] ]    every chunk but the only one holds 1 to 512 names
 * ```
 */
export class SortedNames {
  readonly #chunks: string[][] = [[]]

  add(name: string): void {
    const chunkIndex = this.#chunkOf(name)
    const chunk = this.#chunks[chunkIndex] as string[] // #chunkOf answers with a chunk that is there
    chunk.splice(countBelow(chunk, name), 0, name)
    if (chunk.length > chunkCountMax) this.#chunks.splice(chunkIndex + 1, 0, chunk.splice(chunkCountMax / 2))
  }

  remove(name: string): void {
    const chunkIndex = this.#chunkOf(name)
    const chunk = this.#chunks[chunkIndex] as string[] // as above
    const index = countBelow(chunk, name)
    if (chunk[index] === name) chunk.splice(index, 1)
    if (chunk.length === 0 && this.#chunks.length > 1) this.#chunks.splice(chunkIndex, 1)
  }

  /** Ascending, from the first name that is at least `from`. Not to be changed while it is read. */
  *startingAt(from: string): Generator<string> {
    let chunkIndex = this.#chunkOf(from)
    let index = countBelow(this.#chunks[chunkIndex] as string[], from) // as above
    for (; chunkIndex < this.#chunks.length; chunkIndex++) {
      const chunk = this.#chunks[chunkIndex] as string[] // as above
      for (; index < chunk.length; index++) yield chunk[index] as string // below length
      index = 0
    }
  }

  /** The last chunk whose first name is not above `name`, or the first chunk. */
  #chunkOf(name: string): number {
    let low = 1
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const first = this.#chunks[middle]?.[0]
      if (first !== undefined && first <= name) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}

function countBelow(chunk: readonly string[], name: string): number {
  let low = 0
  let high = chunk.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((chunk[middle] as string) < name)
      low = middle + 1 // middle is below length
    else high = middle
  }
  return low
}
