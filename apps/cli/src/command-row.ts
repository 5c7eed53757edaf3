import type { Command } from 'commander'
import type { CommandContext } from './context.ts'
import type { ExitCode } from './exit-code.ts'

/** One command as `--help`, the parser, the README's test and the shell see it. Its code is loaded when it runs. */
export interface CommandRow {
  /** `['topic', 'create']`, or one word. */
  readonly path: readonly [string] | readonly [string, string]
  readonly summary: string
  /** In the form of commander: `<topic>`, `[value...]`. */
  readonly arguments?: readonly (readonly [form: string, help: string])[]
  readonly options?: readonly OptionRow[]
  /** Adds options that are too dear to know before the command is asked for. */
  readonly extend?: (command: Command) => Promise<void>
  readonly examples?: readonly string[]
  readonly load: () => Promise<CommandModule>
}

export interface OptionRow {
  /** In the form of commander: `-n, --count <n>`. */
  readonly flags: string
  readonly help: string
  readonly choices?: readonly string[]
  /** @throws EastGuardError EG_INVALID_ARGUMENT (fix-call) */
  readonly parse?: (text: string, previous: unknown) => unknown
}

export interface CommandModule {
  readonly run: (context: CommandContext, input: CommandInput) => Promise<ExitCode>
}

export interface CommandInput {
  /** In the order of the row's arguments; a variadic one gives its list. */
  readonly arguments: readonly (string | readonly string[] | undefined)[]
  /** By commander's name: `--segment-bytes` is `segmentBytes`. Missing where nobody said anything. */
  readonly options: { readonly [name: string]: unknown }
}
