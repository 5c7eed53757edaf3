import { readFile } from 'node:fs/promises'

/** Names one life of one process: pids come back, after a reboot all of them do. */
export interface ProcessIdentity {
  readonly pid: number
  /** Ticks since boot at which the process started; `''` where the system does not tell. */
  readonly startTime: string
  /** `''` where the system does not tell. */
  readonly hostBootId: string
}

export async function thisProcess(): Promise<ProcessIdentity> {
  return (await runningProcess(process.pid)) ?? { pid: process.pid, startTime: '', hostBootId: '' }
}

/** Whether that life of that process is still going on. In doubt: yes, since a false no lets two processes write. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const now = await runningProcess(identity.pid)
  if (now === undefined || differ(now.hostBootId, identity.hostBootId)) return false
  return !differ(now.startTime, identity.startTime)
}

/** Undefined when nothing runs under this pid; a zombie, whose parent has not asked for its end yet, does not run. */
export async function runningProcess(pid: number): Promise<ProcessIdentity | undefined> {
  if (!pidExists(pid)) return undefined
  const [stat, bootId] = await Promise.all([readText(`/proc/${pid}/stat`), readText('/proc/sys/kernel/random/boot_id')])
  // Fields 3 and 22, counted behind the command, which stands in parentheses and may contain anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  return { pid, startTime: fields[19] ?? '', hostBootId: bootId.trim() }
}

function differ(now: string, then: string): boolean {
  return now !== '' && then !== '' && now !== then
}

function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return '' // no /proc here, or the process is gone: the pid alone decides
  }
}
