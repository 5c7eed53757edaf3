import type { EastGuard } from '@eastguard/client'
import type { AbortSignal } from '@eastguard/kernel'
import type { CliHost } from './cli-host.ts'

/** What every command may be told. */
export interface GlobalOptions {
  /** `host:port`, tried in this order. */
  readonly servers: readonly string[]
  readonly json: boolean
  /** Of one call to the cluster, ms; undefined leaves it to the client. */
  readonly timeoutMs: number | undefined
  readonly color: boolean
}

/** A broker that is about to serve is waited for, one that is not there is told soon, ms. */
const connectTimeoutMs = 5_000

export const defaultServer = 'localhost:2921'

/** What a running command has. */
export interface CommandContext {
  readonly host: CliHost
  readonly globals: GlobalOptions
  /** `eastguard`, with the `--server` that the user gave: what a hint has to start with to work as typed. */
  readonly program: string
}

/**
 * Runs `work` with a client and closes it, whatever happens. Aborts at SIGINT.
 * @throws EG_UNREACHABLE (retry) when no server answers, and whatever `work` throws
 */
export async function withClient<Result>(
  context: CommandContext,
  work: (eg: EastGuard, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { connect } = await import('@eastguard/client')
  const { servers, timeoutMs } = context.globals
  const signal = context.host.interruption()
  const eg = await connect({
    seeds: servers,
    connectTimeoutMs: timeoutMs ?? connectTimeoutMs,
    ...(timeoutMs === undefined ? {} : { callTimeoutMs: timeoutMs }),
    signal,
  })
  try {
    return await work(eg, signal)
  } finally {
    await eg.close()
  }
}
