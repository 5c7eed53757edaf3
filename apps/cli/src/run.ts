import { EastGuardError } from '@eastguard/kernel'
import { Command, CommanderError, Option } from 'commander'
import type { CliHost } from './cli-host.ts'
import type { CommandModule, CommandRow, OptionRow } from './command-row.ts'
import { commandTable, nounSummaries } from './command-table.ts'
import type { CommandContext } from './context.ts'
import { type ExitCode, exitCode, exitCodeOf } from './exit-code.ts'
import { globalOptions, readGlobals } from './globals.ts'
import { printError } from './report-error.ts'

/** Runs what `host.args` ask for. Never rejects: whatever happens becomes an exit code and a line on standard error. */
export async function runCli(host: CliHost): Promise<number> {
  const words = argumentsBeforeDashes(host.args)
  const json = words.includes('--json')
  let program = 'eastguard'
  try {
    let ended: ExitCode = exitCode.done
    const root = buildProgram(host, json, async (row, command, input) => {
      const globals = readGlobals(command.optsWithGlobals(), host)
      program = programWith(host.args, globals.servers)
      const context: CommandContext = { host, globals, program }
      const module: CommandModule = await row.load()
      ended = await module.run(context, { arguments: input, options: command.opts() })
    })
    await root.parseAsync(normalized(host.args), { from: 'user' })
    return ended
  } catch (error) {
    const told = error instanceof CommanderError ? usageError(error) : error
    if (told === undefined) return exitCode.done
    await host.stderr.write(printError(told, { program }, json))
    return exitCodeOf(told)
  }
}

type Act = (row: CommandRow, command: Command, input: (string | readonly string[] | undefined)[]) => Promise<void>

/** The whole grammar, from the table. Options that are dear to know are added when their command has been named. */
function buildProgram(host: CliHost, json: boolean, act: Act): Command {
  const root = configured(new Command('eastguard'), host, json)
    .description('EastGuard: run a broker, manage topics, produce and consume.')
    .helpCommand('help [command...]', 'help for a command')
  for (const option of globalOptions) addOption(root, option)
  const nouns = new Map<string, Command>()
  const rows = new Map<Command, CommandRow>()
  for (const row of commandTable) {
    const [first, second] = row.path
    const parent = second === undefined ? root : nounCommand(root, nouns, first)
    const command = parent.command(second ?? first).description(row.summary)
    rows.set(command, row)
    for (const [form, help] of row.arguments ?? []) command.argument(form, help)
    for (const option of row.options ?? []) addOption(command, option)
    if (row.examples !== undefined) command.addHelpText('after', `\nExamples:\n${exampleLines(row.examples)}`)
    command.action((...given: unknown[]) => {
      // commander gives the arguments, then the options, then the command.
      return act(row, command, given.slice(0, -2) as (string | readonly string[] | undefined)[])
    })
  }
  root.hook('preSubcommand', (_parent, command) => rows.get(command)?.extend?.(command))
  return root
}

function nounCommand(root: Command, nouns: Map<string, Command>, noun: string): Command {
  const known = nouns.get(noun)
  if (known !== undefined) return known
  const command = root
    .command(noun)
    .description(nounSummaries[noun] ?? noun)
    .helpCommand(false)
  nouns.set(noun, command)
  return command
}

function configured(command: Command, host: CliHost, json: boolean): Command {
  return command
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => void host.stdout.write(text),
      // The help that commander shows with a usage error is for people.
      writeErr: (text) => void (json ? undefined : host.stderr.write(text)),
      // The caller prints errors, as lines or as JSON.
      outputError: () => {},
      getOutHelpWidth: () => Math.min(host.stdout.columns, 120),
      getErrHelpWidth: () => Math.min(host.stderr.columns, 120),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride()
}

function addOption(command: Command, row: OptionRow): void {
  const option = new Option(row.flags, row.help)
  if (row.choices !== undefined) option.choices([...row.choices])
  if (row.parse !== undefined) option.argParser(row.parse)
  command.addOption(option)
}

/** `help topic create` is `topic create --help`. */
function normalized(args: readonly string[]): string[] {
  if (args[0] === 'help' && args.length > 1) return [...args.slice(1), '--help']
  return args.length === 0 ? ['--help'] : [...args]
}

/** Undefined when it was no error: help was asked for and printed. */
function usageError(error: CommanderError): EastGuardError | undefined {
  if (error.exitCode === 0) return undefined
  const message = error.code === 'commander.help' ? 'a command is missing; eastguard --help lists them' : error.message
  return new EastGuardError({
    code: 'EG_INVALID_ARGUMENT',
    remedy: 'fix-call',
    message: message.replace(/^error: /, ''),
    cause: error,
  })
}

/** What a hint starts with, so that it reaches the same cluster: a `--server` of the environment needs no repeating. */
function programWith(args: readonly string[], servers: readonly string[]): string {
  const given = argumentsBeforeDashes(args).some((word) => word === '--server' || word.startsWith('--server='))
  return given ? `eastguard --server ${servers.join(',')}` : 'eastguard'
}

function argumentsBeforeDashes(args: readonly string[]): readonly string[] {
  const dashes = args.indexOf('--')
  return dashes === -1 ? args : args.slice(0, dashes)
}

function exampleLines(examples: readonly string[]): string {
  return examples.map((example) => `  ${example}`).join('\n')
}
