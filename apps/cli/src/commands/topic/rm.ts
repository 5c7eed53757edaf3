import type { CommandInput } from '../../command-row.ts'
import { confirm } from '../../confirm.ts'
import { type CommandContext, withClient } from '../../context.ts'
import { CommandFailure, type ExitCode, exitCode, exitCodeOf } from '../../exit-code.ts'
import type { RemovedTopicJson } from '../../json-schema.ts'
import { writeJsonLine } from '../../output/json-line.ts'
import { printError } from '../../report-error.ts'

export async function run(context: CommandContext, input: CommandInput): Promise<ExitCode> {
  const [names] = input.arguments as [readonly string[]]
  const { yes } = input.options as { readonly yes?: boolean }
  await confirm(context, yes === true, `delete ${names.join(', ')} with all records`)
  return withClient(context, async (eg) => {
    const failures: unknown[] = []
    for (const name of names) {
      try {
        const id = await eg.admin.topics.delete(name)
        await tell(context, { id, name })
      } catch (error) {
        failures.push(error)
        if (names.length > 1) await context.host.stderr.write(printError(error, context, context.globals.json))
      }
    }
    if (failures.length === 0) return exitCode.done
    if (names.length === 1) throw failures[0]
    const deleted = names.length - failures.length
    throw new CommandFailure(
      deleted === 0 ? exitCodeOf(failures[0]) : exitCode.partlyDone,
      `${deleted} of ${names.length} topics are deleted`,
      { facts: { deleted, failed: failures.length } },
    )
  })
}

async function tell({ host, globals }: CommandContext, removed: RemovedTopicJson): Promise<void> {
  if (globals.json) await writeJsonLine(host, removed)
  else await host.stdout.write(`deleted ${removed.name}\n`)
}
