import type { CommandInput } from '../../command-row.ts'
import { confirm } from '../../confirm.ts'
import type { CommandContext } from '../../context.ts'
import { devFolder } from '../../dev/state.ts'
import { stopDevBroker } from '../../dev/stop.ts'
import { type ExitCode, exitCode } from '../../exit-code.ts'
import type { DevResetJson } from '../../json-schema.ts'
import { writeJsonLine } from '../../output/json-line.ts'

export async function run(context: CommandContext, input: CommandInput): Promise<ExitCode> {
  const { host, globals } = context
  const { yes } = input.options as { readonly yes?: boolean }
  const folder = host.files.absolute(devFolder)
  await confirm(context, yes === true, `stop the broker of ${folder} and remove all of its records`)
  await stopDevBroker(host)
  await host.files.removeTree(folder)
  const told: DevResetJson = { removed: [folder] }
  if (globals.json) await writeJsonLine(host, told)
  else await host.stdout.write(`removed ${folder}\n`)
  return exitCode.done
}
