import type { TextSink } from '../cli-host.ts'

const chunkLength = 64 * 1024

/** Text that comes in small pieces and leaves in large ones. `add` is cheap and synchronous. */
export class ChunkedOutput {
  readonly #sink: TextSink
  #text = ''
  #draining: Promise<void> | undefined

  constructor(sink: TextSink) {
    this.#sink = sink
  }

  add(text: string): void {
    this.#text += text
  }

  /** Whether the caller should wait for a `flush` before it adds much more. */
  get full(): boolean {
    return this.#text.length >= chunkLength
  }

  /** Writes what comes until the end of this burst of callbacks, in one piece. */
  flushSoon(): void {
    this.#draining ??= this.#drain()
  }

  /** Resolves when everything added has left. */
  async flush(): Promise<void> {
    while (this.#text !== '' || this.#draining !== undefined) await (this.#draining ??= this.#drain())
  }

  async #drain(): Promise<void> {
    await Promise.resolve()
    while (this.#text !== '') {
      const text = this.#text
      this.#text = ''
      await this.#sink.write(text)
    }
    this.#draining = undefined
  }
}
