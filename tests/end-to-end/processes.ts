import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

// Real processes of the built command. Whatever a test starts ends with it, by its pid; whatever it writes is removed.

const bin = fileURLToPath(new URL('../../apps/cli/bin/eastguard.mjs', import.meta.url))
export const brokerBin: string = fileURLToPath(new URL('../../apps/broker/bin/eastguard-broker.mjs', import.meta.url))

const running = new Set<ChildProcess>()
const folders: string[] = []

/** In `afterEach`. */
export async function endAll(): Promise<void> {
  await endProcesses()
  removeFolders()
}

export async function endProcesses(): Promise<void> {
  for (const child of running) {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
  running.clear()
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

/** A fresh one, removed with the rest. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'eastguard-end-to-end-'))
  folders.push(folder)
  return folder
}

export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly server?: string
  readonly stdin?: string
  readonly cwd?: string
  readonly env?: { readonly [name: string]: string }
}

/** A command that is under way. */
export class Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  #out = ''
  #err = ''

  constructor(program: string, args: readonly string[], options: RunOptions = {}) {
    const { server, cwd, env = {} } = options
    this.child = spawn(process.execPath, [program, ...args], {
      cwd,
      env: { ...cleanEnvironment(), ...(server === undefined ? {} : { EASTGUARD_SERVER: server }), ...env },
    })
    running.add(this.child)
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#err += text
    })
    this.child.stdin?.on('error', () => {}) // a command that does not read to the end closes its side
    this.ended = once(this.child, 'close').then(() => {
      running.delete(this.child)
      return { code: this.child.exitCode ?? -1, out: this.#out, err: this.#err }
    })
  }

  get out(): string {
    return this.#out
  }

  get err(): string {
    return this.#err
  }

  /** @throws when the process ends first, or after 20 s */
  async untilOut(pattern: RegExp): Promise<RegExpExecArray> {
    for (const deadline = performance.now() + 20_000; performance.now() < deadline; await pause(5)) {
      const found = pattern.exec(this.#out)
      if (found !== null) return found
      if (this.child.exitCode !== null || this.child.signalCode !== null) break
    }
    throw new Error(`${pattern} did not come: ${this.#out}\n${this.#err}`)
  }
}

/** `eastguard` to its end. */
export function eastguard(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const command = start(args, options)
  command.child.stdin?.end(options.stdin ?? '')
  return command.ended
}

/** `eastguard` under way; its standard input stays open. */
export function start(args: readonly string[], options: RunOptions = {}): Running {
  return new Running(bin, args, options)
}

export interface TestBroker {
  readonly server: string
  readonly dataDir: string
  readonly process: Running
  /** With a signal; resolves when the process has ended. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<Ended>
}

/** A broker that serves, on the given folder or a fresh one. */
export async function startBroker(
  options: { readonly dataDir?: string; readonly server?: string; readonly flags?: readonly string[] } = {},
): Promise<TestBroker> {
  const dataDir = options.dataDir ?? join(temporaryFolder(), 'data')
  const listen = options.server ?? '127.0.0.1:0'
  const bootstrap = options.dataDir === undefined ? ['--bootstrap'] : []
  const flags = ['--data-dir', dataDir, '--listen', listen, '--journal-file-bytes', '4MiB', '--log-level', 'warn']
  const process = start(['start', ...flags, ...bootstrap, ...(options.flags ?? [])])
  const [, server] = await process.untilOut(/listening on (\S+?),/)
  return {
    server: server as string, // the pattern's only group
    dataDir,
    process,
    end(signal) {
      process.child.kill(signal)
      return process.ended
    },
  }
}

/** Each line of a JSON output. */
export function jsonLines(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown)
}

/** The caller's settings must not reach the commands under test. */
function cleanEnvironment(): { readonly [name: string]: string | undefined } {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(EASTGUARD_|NO_COLOR|FORCE_COLOR)/.test(name)),
  )
}
