import type { CommandContext } from '../../context.ts'
import { stopDevBroker } from '../../dev/stop.ts'
import { type ExitCode, exitCode } from '../../exit-code.ts'
import type { DevDownJson } from '../../json-schema.ts'
import { writeJsonLine } from '../../output/json-line.ts'

export async function run({ host, globals }: CommandContext): Promise<ExitCode> {
  const { pid } = await stopDevBroker(host)
  const told: DevDownJson = { stopped: pid === undefined ? [] : [{ pid }] }
  if (globals.json) await writeJsonLine(host, told)
  else await host.stdout.write(pid === undefined ? 'nothing runs here\n' : `stopped, process ${pid}\n`)
  return exitCode.done
}
