import type { CommandInput } from '../../command-row.ts'
import { type CommandContext, withClient } from '../../context.ts'
import { type ExitCode, exitCode } from '../../exit-code.ts'
import { invalidArgument } from '../../options.ts'
import { writeJsonLine } from '../../output/json-line.ts'
import { printPairs } from '../../text/table.ts'
import { policyOf, policyPairs } from '../../topic/policy.ts'
import { wholeTopic } from '../../topic/topic-json.ts'

export async function run(context: CommandContext, input: CommandInput): Promise<ExitCode> {
  const { host, globals } = context
  const [name] = input.arguments as [string]
  const policy = policyOf(input.options)
  if (Object.keys(policy).length === 0)
    throw invalidArgument('nothing to change; name at least one option of the policy')
  const topic = await withClient(context, async (eg) => wholeTopic(eg, await eg.admin.topics.alter(name, policy)))
  if (globals.json) await writeJsonLine(host, topic)
  else await host.stdout.write(printPairs(host, [['topic', topic.name], ...policyPairs(topic.policy)]))
  return exitCode.done
}
