import { addBrokerOptions, runBroker } from '@eastguard/broker'
import type { Command } from 'commander'
import type { CommandInput } from '../command-row.ts'
import type { CommandContext } from '../context.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import type { StartLineJson } from '../json-schema.ts'
import { writeJsonLine } from '../output/json-line.ts'
import { printError } from '../report-error.ts'

/** Every setting of the broker, from the broker's own table, `--config` and `--check-config`. */
export function addStartOptions(command: Command): void {
  addBrokerOptions(command)
}

/** Until the broker ends: 0 when it was asked to. */
export async function run({ host, globals, program }: CommandContext, input: CommandInput): Promise<ExitCode> {
  const { config, checkConfig, ...settings } = input.options as {
    readonly config?: string
    readonly checkConfig?: boolean
  }
  // From the first moment on: a signal during the start stops the broker as soon as it has started.
  const interruption = host.interruption()
  const ended = await runBroker(
    { config, checkConfig, settings },
    {
      environment: host.env,
      readText: (path) => readText(host, path),
      print: (line) => {
        const told: StartLineJson = { message: line }
        void (globals.json ? writeJsonLine(host, told) : host.stdout.write(`${line}\n`))
      },
      complain: (error) => void host.stderr.write(printError(error, { program }, globals.json)),
      onStop: (stop) => {
        if (interruption.aborted) stop()
        else interruption.addEventListener('abort', stop, { once: true })
      },
    },
  )
  return exitCodes.find((code) => code === ended) ?? exitCode.failed
}

const exitCodes: readonly ExitCode[] = Object.values(exitCode)

async function readText(host: CommandContext['host'], path: string): Promise<string> {
  const text = await host.files.readText(path)
  if (text === undefined) throw new Error('there is no such file')
  return text
}
