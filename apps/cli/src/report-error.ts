import { isEastGuardError } from '@eastguard/kernel'
import type { CommandContext } from './context.ts'
import { CommandFailure, exitCodeOf } from './exit-code.ts'
import type { ErrorJson } from './json-schema.ts'

/** What a failed command leaves on standard error: one JSON line with `--json`, else lines for people. */
export function printError(error: unknown, context: Pick<CommandContext, 'program'>, json: boolean): string {
  const told = errorJson(error, context)
  if (json) return `${JSON.stringify({ error: told })}\n`
  const code = told.code === undefined ? '' : ` (${told.code})`
  const hint = told.hint === undefined ? '' : `\n  ${told.hint}`
  return `error: ${told.message}${code}${hint}\n`
}

function errorJson(error: unknown, context: Pick<CommandContext, 'program'>): ErrorJson {
  const exitCode = exitCodeOf(error)
  if (error instanceof CommandFailure) {
    const cause = isEastGuardError(error.cause) ? { code: error.cause.code, remedy: error.cause.remedy } : {}
    return { ...cause, message: error.message, exitCode, facts: error.facts }
  }
  if (!isEastGuardError(error)) {
    return { message: error instanceof Error ? error.message : String(error), exitCode, facts: {} }
  }
  const { code, remedy, message, facts } = error
  const hint = hintFor(error, context.program)
  return { code, remedy, message, exitCode, facts, ...(hint === undefined ? {} : { hint }) }
}

/** The command to type next, where there is one. */
function hintFor(
  error: { readonly code: string; readonly facts: ErrorJson['facts'] },
  program: string,
): string | undefined {
  switch (error.code) {
    case 'EG_TOPIC_NOT_FOUND': {
      const name = error.facts['topic'] ?? error.facts['name']
      return typeof name === 'string' ? `create it: ${program} topic create ${name}` : undefined
    }
    case 'EG_UNREACHABLE':
      return 'start a broker here: eastguard dev up'
    default:
      return undefined
  }
}
