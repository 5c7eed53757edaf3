import type { CommandInput } from '../../command-row.ts'
import { type CommandContext, withClient } from '../../context.ts'
import { type ExitCode, exitCode } from '../../exit-code.ts'
import type { TopicJson } from '../../json-schema.ts'
import { writeJsonLine } from '../../output/json-line.ts'
import { printTableTime } from '../../text/iso-time.ts'
import { printPairs, printTable } from '../../text/table.ts'
import { printCount, printSize } from '../../text/units.ts'
import { policyPairs } from '../../topic/policy.ts'
import { describeTopic } from '../../topic/topic-json.ts'

export async function run(context: CommandContext, input: CommandInput): Promise<ExitCode> {
  const [name] = input.arguments as [string]
  const topic = await withClient(context, (eg) => describeTopic(eg, name))
  if (context.globals.json) await writeJsonLine(context.host, topic)
  else await context.host.stdout.write(await describe(context, topic))
  return exitCode.done
}

async function describe({ host, globals }: CommandContext, topic: TopicJson): Promise<string> {
  const records = topic.rangeList.reduce((sum, range) => sum + range.endOffset - range.startOffset, 0)
  const bytes = topic.rangeList.reduce((sum, range) => sum + range.bytes, 0)
  const pairs = printPairs(host, [
    ['topic', topic.name],
    ['id', topic.id],
    ['created', printTableTime(topic.createdAt)],
    ['records', printCount(records)],
    ['stored', printSize(bytes)],
    ['ranges', `${printCount(topic.rangeCount)} (${topic.ranges.kind})`],
    ...policyPairs(topic.policy),
  ])
  const table = await printTable(
    host,
    [
      { title: 'RANGE', align: 'right' },
      { title: 'STATE' },
      { title: 'KEYS' },
      { title: 'START', align: 'right' },
      { title: 'END', align: 'right' },
      { title: 'SEGMENTS', align: 'right' },
      { title: 'BYTES', align: 'right' },
      { title: 'LEADER' },
    ],
    topic.rangeList.map((range) => [
      String(range.range),
      range.state,
      `${hex(range.keyHashFirst)}-${hex(range.keyHashLast)}`,
      String(range.startOffset),
      String(range.endOffset),
      String(range.segmentCount),
      String(range.bytes),
      range.leader === null ? '-' : `${range.leader.host}:${range.leader.port}`,
    ]),
    globals,
  )
  return `${pairs}\n${table}`
}

function hex(hash: number): string {
  return hash.toString(16).padStart(8, '0')
}
