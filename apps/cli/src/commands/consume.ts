import type { EastGuard, Reader, ReaderSettings } from '@eastguard/client'
import { AbortSource } from '@eastguard/kernel'
import type { CommandInput } from '../command-row.ts'
import type { ConsumedRecord } from '../consume/consumed-record.ts'
import { parseFrom, parseUntil } from '../consume/place.ts'
import { jsonPrinter, type RecordPrinter, templatePrinter } from '../consume/record-printer.ts'
import { type CommandContext, withClient } from '../context.ts'
import { eitherSignal } from '../either-signal.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { invalidArgument } from '../options.ts'
import { type Progress, showProgress } from '../output/progress.ts'

interface ConsumeOptions {
  readonly from?: string
  readonly until?: string
  readonly end?: boolean
  readonly count?: number
  readonly range?: number
  readonly format?: string
}

/** How long a broker may be gone before a `consume` that has an end gives up, ms. */
const unreachableMs = 30_000

export async function run(context: CommandContext, input: CommandInput): Promise<ExitCode> {
  const { host, globals } = context
  const [topics] = input.arguments as [readonly string[]]
  const options: ConsumeOptions = input.options
  if (globals.json && options.format !== undefined) throw invalidArgument('--format has no meaning with --json')
  const printer = globals.json ? jsonPrinter(host.stdout) : templatePrinter(host.stdout, options.format ?? '%v\\n')
  const settings = settingsOf(options, globals.timeoutMs)
  await withClient(context, async (eg, interruption) => {
    const total = await totalOf(eg, topics, options)
    // Where records are drawn on the same screen, a bar would be drawn across them.
    const quiet = settings.until === undefined || host.stdout.isTerminal
    const progress = await showProgress(host, { total, unit: 'records', quiet })
    try {
      const signal = eitherSignal(interruption, host.stdout.closed)
      await new Consumption({ eg, topics, settings, printer, progress, countMax: options.count, signal }).run()
    } finally {
      await printer.flush()
      progress.end()
    }
  })
  return host.interruption().aborted ? exitCode.interrupted : exitCode.done
}

interface ConsumptionParts {
  readonly eg: EastGuard
  readonly topics: readonly string[]
  readonly settings: ReaderSettings
  readonly printer: RecordPrinter
  readonly progress: Progress
  readonly countMax: number | undefined
  /** Ends it without an error. */
  readonly signal: ConsumeSignal
}

type ConsumeSignal = ReturnType<typeof eitherSignal>

/** Several topics at a time into one output: records of a batch stay together, topics take turns as they come. */
class Consumption {
  readonly #parts: ConsumptionParts
  readonly #enough = new AbortSource()
  #count = 0

  constructor(parts: ConsumptionParts) {
    this.#parts = parts
  }

  /** @throws what ends a reader; the others end too */
  async run(): Promise<void> {
    const { eg, topics, settings, signal } = this.#parts
    const readers = topics.map((topic) => eg.reader(topic, settings))
    const close = (): void => {
      for (const reader of readers) void reader.close() // never rejects
    }
    const ends = eitherSignal(signal, this.#enough.signal)
    if (ends.aborted) close()
    else ends.addEventListener('abort', close, { once: true })
    try {
      await Promise.all(readers.map((reader) => this.#read(reader)))
    } finally {
      close()
    }
  }

  async #read(reader: Reader): Promise<void> {
    const { printer, progress, countMax } = this.#parts
    for await (const batch of reader.batches()) {
      for (const record of batch) {
        if (this.#count === countMax || this.#parts.signal.aborted) break
        this.#count++
        printer.print(record satisfies ConsumedRecord)
        if (printer.full) await printer.flush()
      }
      await printer.flush()
      progress.update(this.#count, this.#count)
      if (this.#count === countMax) {
        this.#enough.abort(undefined)
        return
      }
    }
  }
}

function settingsOf(options: ConsumeOptions, timeoutMs: number | undefined): ReaderSettings {
  const { from, until, end, count, range } = options
  if (end === true && until !== undefined && until !== 'end')
    throw invalidArgument('--end and --until contradict each other')
  const wantedEnd = end === true ? 'end' : until
  const ends = wantedEnd !== undefined || count !== undefined
  const patience = timeoutMs ?? (ends ? unreachableMs : undefined)
  return {
    from: from === undefined ? 'start' : parseFrom(from),
    ...(wantedEnd === undefined ? {} : { until: parseUntil(wantedEnd) }),
    ...(range === undefined ? {} : { range }),
    ...(patience === undefined ? {} : { unreachableMs: patience }),
  }
}

/** Records to come, where that is known: everything that is there. Throws for an unknown topic. */
async function totalOf(
  eg: EastGuard,
  topics: readonly string[],
  { from, count, range }: ConsumeOptions,
): Promise<number | undefined> {
  let total = 0
  for (const topic of topics) {
    const { rangeList } = await eg.admin.topics.describe(topic)
    for (const each of rangeList) {
      if (range === undefined || each.range === range) total += each.endOffset - each.startOffset
    }
  }
  if (from !== undefined && from !== 'start') return count
  return count === undefined ? total : Math.min(count, total)
}
