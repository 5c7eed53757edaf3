import type { CommandInput } from '../../command-row.ts'
import { confirm } from '../../confirm.ts'
import { type CommandContext, withClient } from '../../context.ts'
import { type ExitCode, exitCode } from '../../exit-code.ts'
import type { TrimJson } from '../../json-schema.ts'
import { invalidArgument } from '../../options.ts'
import { writeJsonLine } from '../../output/json-line.ts'
import { printTable } from '../../text/table.ts'
import { isOffset, parseTrimPoint } from '../../topic/trim-point.ts'

interface TrimOptions {
  readonly before?: string
  readonly range?: number
  readonly yes?: boolean
}

export async function run(context: CommandContext, input: CommandInput): Promise<ExitCode> {
  const { host, globals } = context
  const [name] = input.arguments as [string]
  const { before, range, yes }: TrimOptions = input.options
  if (before === undefined) throw invalidArgument('--before is missing; say up to where')
  const point = parseTrimPoint(before, host.clock.wallTime())
  if (isOffset(point) && range === undefined) {
    throw invalidArgument('--before is an offset; say --range too, since each range counts its own')
  }
  await confirm(context, yes === true, `remove records of ${name} before ${before}`)
  const trimmed: TrimJson = await withClient(context, async (eg) => {
    const ranges = await eg.admin.topics.trim(name, point, { range })
    return { topic: name, ranges: ranges.map((each) => ({ ...each })) }
  })
  if (globals.json) await writeJsonLine(host, trimmed)
  else await host.stdout.write(await list(context, trimmed))
  return exitCode.done
}

function list({ host, globals }: CommandContext, { ranges }: TrimJson): Promise<string> {
  return printTable(
    host,
    [
      { title: 'RANGE', align: 'right' },
      { title: 'START', align: 'right' },
      { title: 'REMOVED SEGMENTS', align: 'right' },
    ],
    ranges.map((each) => [String(each.range), String(each.startOffset), String(each.removedSegments)]),
    globals,
  )
}
