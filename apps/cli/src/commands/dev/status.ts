import type { CommandContext } from '../../context.ts'
import { readDevBroker } from '../../dev/state.ts'
import { devStatusJson, devStatusTable } from '../../dev/status-json.ts'
import { type ExitCode, exitCode } from '../../exit-code.ts'
import { writeJsonLine } from '../../output/json-line.ts'

/** 10 when a broker that should run does not. */
export async function run({ host, globals }: CommandContext): Promise<ExitCode> {
  const status = await devStatusJson(host, await readDevBroker(host))
  if (globals.json) await writeJsonLine(host, status)
  else await host.stdout.write(await devStatusTable(host, status, globals))
  return status.brokers.some(({ state }) => state === 'crashed') ? exitCode.unhealthy : exitCode.done
}
