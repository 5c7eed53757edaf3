import type { CommandInput } from '../../command-row.ts'
import { type CommandContext, withClient } from '../../context.ts'
import { type ExitCode, exitCode } from '../../exit-code.ts'
import type { TopicSummaryJson } from '../../json-schema.ts'
import { writeJsonLine } from '../../output/json-line.ts'
import { printTable } from '../../text/table.ts'
import { printCount, printDuration, printSize } from '../../text/units.ts'

export async function run(context: CommandContext, input: CommandInput): Promise<ExitCode> {
  const { host, globals } = context
  const { prefix } = input.options as { readonly prefix?: string }
  const topics: TopicSummaryJson[] = []
  await withClient(context, async (eg) => {
    for await (const topic of eg.admin.topics.list(prefix === undefined ? {} : { prefix })) {
      const summary: TopicSummaryJson = { ...topic, policy: { ...topic.policy } }
      if (globals.json) await writeJsonLine(host, summary)
      else topics.push(summary)
    }
  })
  if (!globals.json) await host.stdout.write(await list(context, topics))
  return exitCode.done
}

function list({ host, globals }: CommandContext, topics: readonly TopicSummaryJson[]): Promise<string> {
  return printTable(
    host,
    [
      { title: 'TOPIC' },
      { title: 'RANGES', align: 'right' },
      { title: 'SEGMENTS', align: 'right' },
      { title: 'RECORDS', align: 'right' },
      { title: 'STORED', align: 'right' },
      { title: 'RETENTION', align: 'right' },
    ],
    topics.map((topic) => [
      topic.name,
      printCount(topic.rangeCount),
      printCount(topic.segmentCount),
      printCount(topic.recordCount),
      printSize(topic.bytes),
      topic.policy.retentionMs === null ? 'none' : printDuration(topic.policy.retentionMs),
    ]),
    globals,
  )
}
