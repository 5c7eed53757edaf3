import { decodeUtf8 } from '@eastguard/kernel'
import type { CommandContext } from './context.ts'
import { CommandFailure, exitCode } from './exit-code.ts'

/**
 * Before something is destroyed: `--yes`, or `y` at a terminal. Nobody else is asked, so that no script ever hangs.
 * @param what completes "this would …"
 * @throws CommandFailure (8 without a terminal, 1 when the answer is no)
 */
export async function confirm(context: CommandContext, yes: boolean, what: string): Promise<void> {
  if (yes) return
  const { host, globals } = context
  if (globals.json || !host.stdin.isTerminal || !host.stderr.isTerminal) {
    throw new CommandFailure(exitCode.needsYes, `this would ${what}; say --yes if that is meant`)
  }
  await host.stderr.write(`This will ${what}. Go on? [y/N] `)
  const answer = await readLine(context)
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailure(exitCode.failed, 'nothing was done')
}

async function readLine({ host }: CommandContext): Promise<string> {
  let line = ''
  for await (const chunk of host.stdin.chunks()) {
    line += decodeUtf8(chunk)
    if (line.includes('\n') || line.length > 1_000) break
  }
  return line
}
