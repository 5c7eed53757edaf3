import { type AbortSignal, encodeUtf8 } from '@eastguard/kernel'
import type { CommandInput } from '../command-row.ts'
import { type CommandContext, withClient } from '../context.ts'
import { eitherSignal } from '../either-signal.ts'
import { CommandFailure, type ExitCode, exitCode, exitCodeOf } from '../exit-code.ts'
import { invalidArgument } from '../options.ts'
import { ChunkedOutput } from '../output/chunked-output.ts'
import { showProgress } from '../output/progress.ts'
import { fileSource, type LineSource, valueSource } from '../produce/line-source.ts'
import { type ProduceResult, runProduce } from '../produce/produce-run.ts'
import { receiptLines } from '../produce/receipt-line.ts'
import { type LineDefaults, type LineFormat, type LineHeader, parseRecordLine } from '../produce/record-line.ts'
import { printCount, printCounted, printDuration } from '../text/units.ts'

interface ProduceOptions {
  readonly key?: string
  readonly header?: readonly string[]
  readonly file?: string
  readonly format?: 'lines' | 'kv' | 'ndjson'
  readonly separator?: string
}

export async function run(context: CommandContext, input: CommandInput): Promise<ExitCode> {
  const [topic, values] = input.arguments as [string, readonly string[]] // the row's arguments
  const options: ProduceOptions = input.options
  const format = formatOf(options)
  const defaults = defaultsOf(options, format)
  const source = await sourceOf(context, values, options)
  const startedAt = context.host.clock.now()
  const result = await withClient(context, async (eg, signal) => {
    // Unknown topics are told before any line is read.
    await eg.admin.topics.describe(topic)
    const { timeoutMs } = context.globals
    const producer = eg.producer(topic, timeoutMs === undefined ? {} : { deadlineMs: timeoutMs })
    return produceLines(context, {
      topic,
      source,
      producer,
      parse: (line, number) => parseRecordLine(line, number, format, defaults),
      interruption: signal,
    })
  })
  return tell(context, topic, result, context.host.clock.now() - startedAt)
}

type RunParts = Omit<Parameters<typeof runProduce>[0], 'receipt' | 'progress' | 'signal'>

async function produceLines(
  context: CommandContext,
  parts: RunParts & { readonly topic: string; readonly interruption: AbortSignal },
): Promise<ProduceResult> {
  const { host, globals } = context
  const output = new ChunkedOutput(host.stdout)
  const progress = await showProgress(host, { total: parts.source.size, unit: 'bytes', quiet: !parts.source.finite })
  const line = receiptLines(parts.topic)
  try {
    return await runProduce({
      ...parts,
      signal: eitherSignal(parts.interruption, host.stdout.closed),
      receipt: (receipt, number) => {
        if (!globals.json) return
        // Acknowledgements come in bursts, a batch of records each: one write for as many as are there.
        output.add(line(receipt, number))
        output.flushSoon()
      },
      progress: async (bytes, counts) => {
        progress.update(bytes, counts.acknowledged)
        if (output.full) await output.flush()
      },
    })
  } finally {
    await output.flush()
    progress.end()
  }
}

async function tell(
  context: CommandContext,
  topic: string,
  result: ProduceResult,
  elapsedMs: number,
): Promise<ExitCode> {
  const { host, globals } = context
  const { acknowledged, unknown, notSent } = result
  if (result.failure === undefined && unknown + notSent === 0 && !result.interrupted) {
    if (!globals.json) {
      const rate = printCount(Math.round((acknowledged * 1_000) / Math.max(elapsedMs, 1)))
      const took = printDuration(Math.round(elapsedMs))
      await host.stdout.write(`${printCounted(acknowledged, 'record')} to ${topic} in ${took} (${rate}/s)\n`)
    }
    return exitCode.done
  }
  if (host.stdout.closed.aborted) return exitCode.partlyDone // nobody listens: the number says it all
  throw partial(result)
}

function partial(result: ProduceResult): CommandFailure {
  const { acknowledged, unknown, notSent, firstUnacknowledgedLine, failure, complete } = result
  const open = complete ? '' : '; the input was not read to its end'
  const first =
    firstUnacknowledgedLine === undefined ? '' : `, first unacknowledged line ${printCount(firstUnacknowledgedLine)}`
  const counts = `${printCount(acknowledged)} acknowledged, ${printCount(unknown)} unknown, ${printCount(notSent)} not sent${first}${open}`
  const why = failure instanceof Error ? failure.message : 'interrupted'
  return new CommandFailure(exitCodeFor(result), `${why}\n${counts}`, {
    facts: { acknowledged, unknown, notSent, firstUnacknowledgedLine: firstUnacknowledgedLine ?? null, complete },
    cause: failure,
  })
}

function exitCodeFor({ failure, interrupted, acknowledged }: ProduceResult): ExitCode {
  if (interrupted) return exitCode.interrupted
  const own = exitCodeOf(failure)
  return own === exitCode.unreachable || acknowledged === 0 ? own : exitCode.partlyDone
}

async function sourceOf(
  context: CommandContext,
  values: readonly string[],
  options: ProduceOptions,
): Promise<LineSource> {
  if (values.length > 0) {
    if (options.file !== undefined) throw invalidArgument('values and --file at a time; give one of them')
    return valueSource(values)
  }
  return fileSource(context.host, options.file ?? '-')
}

function formatOf({ format, separator }: ProduceOptions): LineFormat {
  const kind = format ?? (separator === undefined ? 'lines' : 'kv')
  if (kind !== 'kv') {
    if (separator !== undefined) throw invalidArgument(`--separator has no meaning with --format ${kind}`)
    return { kind }
  }
  if (separator === '') throw invalidArgument('--separator is empty')
  return { kind, separator: encodeUtf8(unescaped(separator ?? '\t')) }
}

/** `\t` and `\0` as a shell's single quotes leave them. */
function unescaped(text: string): string {
  return text.replaceAll('\\t', '\t').replaceAll('\\0', '\0')
}

function defaultsOf({ key, header }: ProduceOptions, format: LineFormat): LineDefaults {
  if (key !== undefined && format.kind === 'kv') throw invalidArgument('--key has no meaning with --format kv')
  return { key: key === undefined ? null : encodeUtf8(key), headers: (header ?? []).map(parseHeader) }
}

function parseHeader(text: string): LineHeader {
  const at = text.indexOf('=')
  if (at < 1) throw invalidArgument(`--header is ${JSON.stringify(text)}; it must be like name=value`)
  return { name: text.slice(0, at), value: encodeUtf8(text.slice(at + 1)) }
}
