import type { CommandInput } from '../../command-row.ts'
import { type CommandContext, withClient } from '../../context.ts'
import { type ExitCode, exitCode } from '../../exit-code.ts'
import type { SegmentJson } from '../../json-schema.ts'
import { writeJsonLine } from '../../output/json-line.ts'
import { segmentJson } from '../../segment/segment-json.ts'
import { printTableTime } from '../../text/iso-time.ts'
import { printTable } from '../../text/table.ts'
import { printSize } from '../../text/units.ts'

export async function run(context: CommandContext, input: CommandInput): Promise<ExitCode> {
  const { host, globals } = context
  const [name] = input.arguments as [string]
  const { range } = input.options as { readonly range?: number }
  const segments: SegmentJson[] = []
  await withClient(context, async (eg) => {
    for await (const segment of eg.admin.segments.list(name, range === undefined ? {} : { range })) {
      if (globals.json) await writeJsonLine(host, segmentJson(segment))
      else segments.push(segmentJson(segment))
    }
  })
  if (!globals.json) await host.stdout.write(await list(context, segments))
  return exitCode.done
}

function list({ host, globals }: CommandContext, segments: readonly SegmentJson[]): Promise<string> {
  return printTable(
    host,
    [
      { title: 'SEGMENT' },
      { title: 'STATE' },
      { title: 'START', align: 'right' },
      { title: 'END', align: 'right' },
      { title: 'BYTES', align: 'right' },
      { title: 'CREATED' },
      { title: 'COPIES', align: 'right' },
    ],
    segments.map((segment) => [
      segment.id,
      segment.damaged === null ? segment.state : `${segment.state}, damaged`,
      String(segment.startOffset),
      String(segment.endOffset),
      printSize(segment.bytes),
      printTableTime(segment.createdAt),
      String(segment.replicas.length),
    ]),
    globals,
  )
}
