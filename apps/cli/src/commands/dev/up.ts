import type { CommandInput } from '../../command-row.ts'
import type { CommandContext } from '../../context.ts'
import { startDevBroker } from '../../dev/start.ts'
import { readDevBroker, runningProcess } from '../../dev/state.ts'
import { devStatusJson, devStatusTable } from '../../dev/status-json.ts'
import { CommandFailure, type ExitCode, exitCode } from '../../exit-code.ts'
import { invalidArgument } from '../../options.ts'
import { writeJsonLine } from '../../output/json-line.ts'

/** Where commands look for a broker without `--server`. */
const defaultPort = 2921

export async function run(context: CommandContext, input: CommandInput): Promise<ExitCode> {
  const { host, globals } = context
  const { brokers = 1, ephemeral = false } = input.options as {
    readonly brokers?: number
    readonly ephemeral?: boolean
  }
  if (brokers !== 1) throw invalidArgument(`--brokers is ${brokers}; it must be 1, clusters come later`)
  const last = await readDevBroker(host)
  const runs = (await runningProcess(host, last)) !== undefined
  if (runs && last?.ephemeral !== ephemeral) {
    throw new CommandFailure(
      exitCode.conflict,
      `a broker ${ephemeral ? 'with lasting records' : 'with --ephemeral'} runs here; eastguard dev down stops it`,
    )
  }
  const broker = runs ? last : await startDevBroker(host, { ephemeral, last })
  const status = await devStatusJson(host, broker)
  if (globals.json) {
    await writeJsonLine(host, status)
    return exitCode.done
  }
  const port = status.brokers[0]?.ports.client
  const flag = port === undefined || port === defaultPort ? '' : ` --server localhost:${port}`
  await host.stdout.write(`the broker ${runs ? 'runs already' : 'serves'}\n\n`)
  await host.stdout.write(await devStatusTable(host, status, globals))
  await host.stdout.write(`\nnext: eastguard topic create first${flag}\n`)
  return exitCode.done
}
