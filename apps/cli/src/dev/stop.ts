import { EastGuardError, sleep } from '@eastguard/kernel'
import type { CliHost, ProcessIdentity } from '../cli-host.ts'
import { type DevBroker, readDevBroker, runningProcess, writeDevBroker } from './state.ts'

/** What a broker gets to finish its work, ms; then it is told again, and then it is killed. */
const patienceMs = [15_000, 5_000, 5_000] as const
const pollMs = 20

export interface StoppedBroker {
  readonly broker: DevBroker | undefined
  /** Undefined when nothing ran. */
  readonly pid: number | undefined
}

/** Ends the process that `dev up` started, and only that; removes records that were to be temporary. */
export async function stopDevBroker(host: CliHost): Promise<StoppedBroker> {
  const broker = await readDevBroker(host)
  if (broker === undefined) return { broker: undefined, pid: undefined }
  const running = await runningProcess(host, broker)
  if (running !== undefined) await end(host, running)
  if (broker.ephemeral) {
    await host.files.removeTree(broker.dataDir)
    await writeDevBroker(host, undefined)
  } else {
    await writeDevBroker(host, { ...broker, process: null })
  }
  return { broker, pid: running?.pid }
}

async function end(host: CliHost, target: ProcessIdentity): Promise<void> {
  // The first signal drains, a second one ends the broker at once.
  for (const [attempt, waitMs] of patienceMs.entries()) {
    if (!(await host.processes.signal(target, attempt < 2 ? 'SIGTERM' : 'SIGKILL'))) return
    if (await isGone(host, target, waitMs)) return
  }
  throw new EastGuardError({
    code: 'EG_TIMEOUT',
    remedy: 'retry',
    message: `process ${target.pid} does not end`,
    facts: { pid: target.pid },
  })
}

async function isGone(host: CliHost, target: ProcessIdentity, waitMs: number): Promise<boolean> {
  const deadline = host.clock.now() + waitMs
  while (host.clock.now() < deadline) {
    const now = await host.processes.identify(target.pid)
    if (now?.startedAt !== target.startedAt) return true
    await sleep(host.clock, pollMs)
  }
  return false
}
