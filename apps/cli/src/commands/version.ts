import type { CommandContext } from '../context.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import type { VersionJson } from '../json-schema.ts'
import { writeJsonLine } from '../output/json-line.ts'
import { version } from '../version.ts'

export async function run({ host, globals }: CommandContext): Promise<ExitCode> {
  const told: VersionJson = { version, runtime: host.runtime }
  if (globals.json) await writeJsonLine(host, told)
  else await host.stdout.write(`eastguard ${told.version} on ${told.runtime}\n`)
  return exitCode.done
}
