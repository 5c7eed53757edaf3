import type { EastGuard } from '@eastguard/client'
import { EastGuardError } from '@eastguard/kernel'
import type { CommandInput } from '../../command-row.ts'
import { type CommandContext, withClient } from '../../context.ts'
import { type ExitCode, exitCode } from '../../exit-code.ts'
import type { SegmentJson } from '../../json-schema.ts'
import { invalidArgument } from '../../options.ts'
import { writeJsonLine } from '../../output/json-line.ts'
import { segmentJson } from '../../segment/segment-json.ts'
import { printTableTime } from '../../text/iso-time.ts'
import { printPairs } from '../../text/table.ts'
import { printCount, printSize } from '../../text/units.ts'

export async function run(context: CommandContext, input: CommandInput): Promise<ExitCode> {
  const { host, globals } = context
  const [id] = input.arguments as [string]
  if (!/^[0-9a-f]{16}-\d{1,10}-\d{1,10}$/.test(id)) {
    throw invalidArgument(`${JSON.stringify(id)} is no segment id; eastguard segment ls TOPIC lists them`)
  }
  const { topic, segment } = await withClient(context, (eg) => find(eg, id))
  if (globals.json) await writeJsonLine(host, segment)
  else await host.stdout.write(printPairs(host, pairsOf(topic, segment)))
  return exitCode.done
}

/** An id carries the topic's id, and calls want its name: the list of topics has both. */
async function find(eg: EastGuard, id: string): Promise<{ readonly topic: string; readonly segment: SegmentJson }> {
  for await (const topic of eg.admin.topics.list()) {
    if (!id.startsWith(`${topic.id}-`)) continue
    return { topic: topic.name, segment: segmentJson(await eg.admin.segments.describe(topic.name, id)) }
  }
  throw new EastGuardError({
    code: 'EG_SEGMENT_NOT_FOUND',
    remedy: 'refresh-route',
    message: `there is no segment ${id}: no topic has its id`,
    facts: { segment: id },
  })
}

function pairsOf(topic: string, segment: SegmentJson): (readonly [string, string])[] {
  return [
    ['segment', segment.id],
    ['topic', topic],
    ['range', String(segment.range)],
    ['state', segment.state],
    ['offsets', `${segment.startOffset} to ${segment.endOffset}`],
    ['records', printCount(segment.endOffset - segment.startOffset)],
    ['stored', printSize(segment.bytes)],
    ['created', printTableTime(segment.createdAt)],
    ...(segment.sealedAt === null ? [] : [['sealed', printTableTime(segment.sealedAt)] as const]),
    ...(segment.damaged === null ? [] : [['damaged', segment.damaged] as const]),
    ...segment.replicas.map(
      ({ brokerId, bootId, confirmed }) =>
        ['copy', `broker ${brokerId}, boot ${bootId}${confirmed ? '' : ', unconfirmed'}`] as const,
    ),
  ]
}
