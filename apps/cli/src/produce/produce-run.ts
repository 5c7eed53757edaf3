import type { Producer } from '@eastguard/client'
import { type AbortSignal, AbortSource } from '@eastguard/kernel'
import { orStopped, stopped } from '../or-stopped.ts'
import type { LineGroup, LineSource } from './line-source.ts'
import { type OutcomeCounts, Outcomes, type ReceiptLike } from './outcomes.ts'
import type { LineRecord } from './record-line.ts'

/** After an interruption, what is under way gets this long, ms. */
const graceMs = 2_000

export interface ProduceRunOptions {
  readonly source: LineSource
  readonly producer: Pick<Producer, 'send' | 'flush' | 'close'>
  /** @throws EG_INVALID_ARGUMENT (fix-call) */
  readonly parse: (line: Uint8Array, number: number) => LineRecord
  /** In the order of the lines. */
  readonly receipt: (receipt: ReceiptLike, line: number | undefined) => void
  /** Called once per group of lines; resolves when there is room for more output. */
  readonly progress: (bytes: number, counts: OutcomeCounts) => Promise<void>
  /** Ends the run early: an interruption, or nobody reads the receipts. */
  readonly signal: AbortSignal
}

export interface ProduceResult extends OutcomeCounts {
  /** Why not everything is acknowledged; undefined when it is, or when only the signal ended it. */
  readonly failure: unknown
  /** Whether `signal` ended it. */
  readonly interrupted: boolean
  /** Whether the input was read to its end, so that `notSent` counts all of the rest. */
  readonly complete: boolean
}

/** Sends every line and hears of each. Closes the producer. Never rejects for what a record or a line did. */
export async function runProduce(options: ProduceRunOptions): Promise<ProduceResult> {
  const run = new ProduceRun(options)
  return run.result()
}

class ProduceRun {
  readonly #options: ProduceRunOptions
  readonly #outcomes: Outcomes
  /** Aborts at the first failed record, and with the caller's signal. */
  readonly #stop = new AbortSource()
  #failure: unknown
  #recordFailed = false
  #lineCount = 0
  #bytes = 0
  readonly #groups: AsyncGenerator<LineGroup, void, void>
  /** The group that was asked for last: a run that stops while it waits for one still has to count it. */
  #asked: Promise<IteratorResult<LineGroup, void>> | undefined
  /** Of the group under way. */
  #lines: LineGroup['lines'] = [].values()
  /** A line that was taken and cannot be sent. */
  #wrongLineCount = 0

  constructor(options: ProduceRunOptions) {
    this.#options = options
    this.#groups = options.source.groups()
    this.#outcomes = new Outcomes({
      acknowledged: options.receipt,
      failed: (error) => {
        this.#recordFailed = true
        this.#failure ??= error
        this.#stop.abort(error)
      },
    })
  }

  async result(): Promise<ProduceResult> {
    const { signal, producer } = this.#options
    const onAbort = (): void => this.#stop.abort(signal.reason)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort)
    try {
      await this.#sendAll().catch((error: unknown) => {
        this.#failure ??= error
      })
      // The outcome of each record is heard of one by one: a flush that rejects tells nothing new.
      await orStopped(
        producer.flush().catch(() => {}),
        this.#stop.signal,
      )
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
    // P15: whatever was not sent when a record failed must not become visible behind the gap.
    await producer.close({ timeoutMs: this.#recordFailed ? 0 : graceMs })
    await this.#outcomes.fallenTo(0)
    const complete = await this.#countRest()
    await this.#options.progress(this.#bytes, this.#outcomes.counts)
    return { ...this.#outcomes.counts, failure: this.#failure, interrupted: signal.aborted, complete }
  }

  /** Until the input ends or the run is stopped. @throws what reading or parsing throws */
  async #sendAll(): Promise<void> {
    const stop = this.#stop.signal
    for (;;) {
      this.#asked = this.#groups.next()
      const group = await orStopped(this.#asked, stop)
      if (group === stopped) return
      this.#asked = undefined
      if (group.done === true) return
      this.#lines = group.value.lines
      for (let line = this.#lines.next(); line.done !== true; line = this.#lines.next()) {
        this.#send(line.value)
        if (!this.#outcomes.hasRoom) await orStopped(this.#outcomes.fallenTo(0.5), stop)
        if (stop.aborted) return
      }
      this.#bytes += group.value.bytes
      await this.#options.progress(this.#bytes, this.#outcomes.counts)
    }
  }

  #send(line: Uint8Array): void {
    const { parse, producer } = this.#options
    this.#wrongLineCount = 1
    const record = parse(line, this.#lineCount + 1)
    this.#wrongLineCount = 0
    this.#lineCount++
    this.#outcomes.add(this.#lineCount, line.length, producer.send(record))
  }

  /** Lines behind those that were sent. @returns whether that is all of them */
  async #countRest(): Promise<boolean> {
    let count = this.#wrongLineCount
    let complete = false
    try {
      count += countOf(this.#lines)
      // Standard input may never end, and nobody who interrupts waits for the rest of a large file to be counted.
      complete = this.#options.source.finite && !this.#options.signal.aborted
      if (complete) {
        let group = await (this.#asked ?? this.#groups.next())
        for (; group.done !== true; group = await this.#groups.next()) count += countOf(group.value.lines)
      }
      complete ||= !this.#stop.signal.aborted
    } catch {
      complete = false // what stopped the run matters more than why the rest cannot be counted
    }
    this.#outcomes.addNotSent(this.#lineCount + 1, count)
    return complete
  }
}

function countOf(lines: LineGroup['lines']): number {
  let count = 0
  while (lines.next().done !== true) count++
  return count
}
