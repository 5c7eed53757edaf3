import type { DiskFile } from '@eastguard/kernel'
import { batchBaseOffset, batchHeaderBytes, checkBatch, isStampValid, peekBatchLength } from '@eastguard/record'

/** One batch as it stands in a segment file; its stamp is valid. */
export interface WalkedBatch {
  /** A view of a buffer that nobody writes again. */
  readonly bytes: Uint8Array
  readonly baseOffset: number
  /** Undefined: its checksum does not hold, so nobody knows how many records it had. */
  readonly endOffset: number | undefined
  readonly position: number
}

/**
 * Steps from batch to batch through a part of a segment file, verifying each. The stamp proves length and base offset,
 * so that a batch with a bad body can be stepped over.
 */
export class FileWalker {
  readonly #file: DiskFile
  readonly #segment: Uint8Array
  readonly #end: number
  #position: number
  #offset: number | undefined
  #chunk = new Uint8Array(0)
  #chunkAt: number

  /**
   * @param from a batch's place and offset
   * @param end position behind the last batch that may be read
   */
  constructor(
    file: DiskFile,
    segment: Uint8Array,
    from: { readonly position: number; readonly offset: number },
    end: number,
  ) {
    this.#file = file
    this.#segment = segment
    this.#position = from.position
    this.#offset = from.offset
    this.#end = end
    this.#chunkAt = from.position
  }

  get position(): number {
    return this.#position
  }

  /**
   * @param bytesAhead how much to read at once, when something must be read
   * @returns undefined at the end; `damaged`: no batch of this segment with the next offset stands here
   */
  async next(bytesAhead: number): Promise<WalkedBatch | undefined | 'damaged'> {
    if (this.#position >= this.#end) return undefined
    const head = await this.#bytes(batchHeaderBytes, bytesAhead)
    const length = head === undefined ? undefined : lengthOf(head)
    const batch = length === undefined ? undefined : await this.#bytes(length, bytesAhead)
    if (batch === undefined || !isStampValid(batch, this.#segment)) return 'damaged'
    const baseOffset = batchBaseOffset(batch)
    if (baseOffset !== this.#offset) return 'damaged'
    const walked = {
      bytes: batch,
      baseOffset,
      endOffset: endOf(batch),
      position: this.#position,
    }
    this.#position += batch.length
    this.#offset = walked.endOffset
    return walked
  }

  /** @returns undefined when the file, or the part that may be read, is shorter */
  async #bytes(count: number, ahead: number): Promise<Uint8Array | undefined> {
    const at = this.#position - this.#chunkAt
    if (at + count <= this.#chunk.length) return this.#chunk.subarray(at, at + count)
    if (this.#position + count > this.#end) return undefined
    const chunk = new Uint8Array(Math.min(Math.max(count, ahead), this.#end - this.#position))
    const read = await this.#file.read(this.#position, chunk)
    this.#chunk = chunk.subarray(0, read)
    this.#chunkAt = this.#position
    return read < count ? undefined : chunk.subarray(0, count)
  }
}

function endOf(batch: Uint8Array): number | undefined {
  try {
    const { baseOffset, recordCount } = checkBatch(batch)
    return baseOffset + recordCount
  } catch {
    return undefined // the caller says where
  }
}

function lengthOf(head: Uint8Array): number | undefined {
  try {
    return peekBatchLength(head, 0)
  } catch {
    return undefined // no batch starts here: the walker says so
  }
}
