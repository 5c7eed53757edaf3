import { isEastGuardError } from '@eastguard/kernel'
import type { CommandInput } from '../../command-row.ts'
import { type CommandContext, withClient } from '../../context.ts'
import { type ExitCode, exitCode } from '../../exit-code.ts'
import { writeJsonLine } from '../../output/json-line.ts'
import { policyOf } from '../../topic/policy.ts'
import { describeTopic, wholeTopic } from '../../topic/topic-json.ts'

interface CreateOptions {
  readonly ranges?: number | 'auto'
  readonly ifNotExists?: boolean
}

export async function run(context: CommandContext, input: CommandInput): Promise<ExitCode> {
  const { host, globals } = context
  const [name] = input.arguments as [string]
  const options: CreateOptions = input.options
  const { topic, created } = await withClient(context, async (eg) => {
    try {
      const ranges = options.ranges === undefined ? {} : { ranges: options.ranges }
      const created = await eg.admin.topics.create(name, { ...ranges, ...policyOf(input.options) })
      return { topic: await wholeTopic(eg, created), created: true }
    } catch (error) {
      if (options.ifNotExists !== true || !isEastGuardError(error, 'EG_TOPIC_EXISTS')) throw error
      return { topic: await describeTopic(eg, name), created: false }
    }
  })
  if (globals.json) await writeJsonLine(host, topic)
  else
    await host.stdout.write(
      `${created ? 'created' : 'already there:'} ${topic.name}, ${rangesText(topic.rangeCount)}\n`,
    )
  return exitCode.done
}

function rangesText(count: number): string {
  return count === 1 ? '1 range' : `${count} ranges`
}
