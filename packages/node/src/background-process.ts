import { spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import { createServer } from 'node:net'
import { EastGuardError } from '@eastguard/kernel'
import { runningProcess } from './process-identity.ts'

// Processes that outlive the one that started them, and are found again. A pid alone is not an identity: the system
// gives numbers away again, so the time of the start goes with it.

export interface BackgroundProcess {
  readonly pid: number
  /** When it started, in a form that only compares. */
  readonly startedAt: string
}

/** The running program with other arguments, in a session of its own; its output goes to the end of `logPath`. */
export async function startSelf(args: readonly string[], logPath: string): Promise<BackgroundProcess> {
  const log = await open(logPath, 'a')
  try {
    const program = process.argv[1]
    const child = spawn(process.execPath, [...process.execArgv, ...(program === undefined ? [] : [program]), ...args], {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    })
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('spawn', () => resolve(child.pid as number)) // set once the process exists
    })
    child.unref()
    return (await identifyProcess(pid)) ?? { pid, startedAt: 'ended at once' }
  } finally {
    await log.close()
  }
}

/** Undefined when no such process runs. */
export async function identifyProcess(pid: number): Promise<BackgroundProcess | undefined> {
  const running = await runningProcess(pid)
  if (running === undefined) return undefined
  const { hostBootId, startTime } = running
  return { pid, startedAt: startTime === '' ? await startByPs(pid) : `${hostBootId}:${startTime}` }
}

/** @returns false when that process has ended */
export async function signalProcess(target: BackgroundProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<boolean> {
  const now = await identifyProcess(target.pid)
  if (now?.startedAt !== target.startedAt) return false
  try {
    process.kill(target.pid, signal)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}

/** The first free port from `from` on, at loopback. @throws EG_ADDRESS_IN_USE (fix-call) when a hundred are taken */
export async function freePort(from: number): Promise<number> {
  const to = Math.min(from + 99, 65_535)
  for (let port = from; port <= to; port++) if (await isFree(port)) return port
  throw new EastGuardError({
    code: 'EG_ADDRESS_IN_USE',
    remedy: 'fix-call',
    message: `no port from ${from} to ${to} is free on 127.0.0.1`,
    facts: { from, to },
  })
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)))
  })
}

/** Where the system has no `/proc`. */
function startByPs(pid: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('ps', ['-o', 'lstart=', '-p', String(pid)], { stdio: ['ignore', 'pipe', 'ignore'] })
    let text = ''
    child.stdout.setEncoding('utf8')
    child.stdout.on('data', (part: string) => {
      text += part
    })
    child.once('error', reject)
    child.once('close', () => resolve(text.trim()))
  })
}
