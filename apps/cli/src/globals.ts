import { EastGuardError } from '@eastguard/kernel'
import type { CliHost } from './cli-host.ts'
import type { OptionRow } from './command-row.ts'
import { defaultServer, type GlobalOptions } from './context.ts'
import { parseDurationText } from './text/units.ts'

/** Taken by every command, before or behind its name. */
export const globalOptions: readonly OptionRow[] = [
  {
    flags: '--server <host:port,...>',
    help: `brokers to connect to; the first that answers (variable EASTGUARD_SERVER, else ${defaultServer})`,
    parse: parseServers,
  },
  { flags: '--json', help: 'JSON on standard output, errors as JSON on standard error' },
  { flags: '--timeout <duration>', help: 'how long one call may take: 500ms, 10s, 1m', parse: parseTimeout },
  { flags: '--no-color', help: 'no colours (also: variable NO_COLOR)' },
]

/** @throws EG_INVALID_ARGUMENT (fix-call) when EASTGUARD_SERVER is no list of addresses */
export function readGlobals(options: { readonly [name: string]: unknown }, host: CliHost): GlobalOptions {
  const fromEnvironment = host.env['EASTGUARD_SERVER']
  const servers =
    (options['server'] as readonly string[] | undefined) ?? // `parseServers` gave it
    (fromEnvironment === undefined || fromEnvironment === '' ? [defaultServer] : parseServers(fromEnvironment))
  const noColor = options['color'] === false || (host.env['NO_COLOR'] ?? '') !== ''
  return {
    servers,
    json: options['json'] === true,
    timeoutMs: options['timeout'] as number | undefined, // `parseTimeout` gave it
    color: !noColor && host.stdout.isTerminal,
  }
}

function parseServers(text: string): readonly string[] {
  const servers = text.split(',').map((part) => part.trim())
  for (const server of servers) {
    const port = /^(?:\[[^\]]+\]|[^:[\]]+):(\d{1,5})$/.exec(server)?.[1]
    if (port === undefined || Number(port) < 1 || Number(port) > 65_535) {
      throw wrong(`${JSON.stringify(server)} is no address like localhost:2921`)
    }
  }
  return servers
}

function parseTimeout(text: string): number {
  const ms = parseDurationText(text)
  if (ms === undefined || ms < 1) throw wrong(`${JSON.stringify(text)} is no duration like 500ms, 10s or 1m`)
  return ms
}

function wrong(message: string): EastGuardError {
  return new EastGuardError({ code: 'EG_INVALID_ARGUMENT', remedy: 'fix-call', message })
}
