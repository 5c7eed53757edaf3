import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { root } from '../../scripts/workspace.mjs'

const startMs = 20_000

/** A broker of this build on a free port, with an empty data folder. */
export class RunningBroker implements AsyncDisposable {
  readonly address: string
  readonly #process: ChildProcess
  readonly #dataDir: string

  private constructor(address: string, process: ChildProcess, dataDir: string) {
    this.address = address
    this.#process = process
    this.#dataDir = dataDir
  }

  static async start(): Promise<RunningBroker> {
    const dataDir = await mkdtemp(join(tmpdir(), 'eastguard-broker-'))
    const address = `127.0.0.1:${await freePort()}`
    const bin = join(root, 'apps/broker/bin/eastguard-broker.mjs')
    const child = spawn(process.execPath, [bin, '--bootstrap', '--data-dir', dataDir, '--listen', address], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let complaint = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text
    })
    const broker = new RunningBroker(address, child, dataDir)
    const deadline = performance.now() + startMs
    while (!(await isReady(address))) {
      if (child.exitCode !== null || performance.now() > deadline) {
        await broker[Symbol.asyncDispose]()
        throw new Error(`no broker at ${address}: ${complaint}`)
      }
      await pause(50)
    }
    return broker
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.kill('SIGKILL')) await once(this.#process, 'exit')
    await rm(this.#dataDir, { recursive: true, force: true })
  }
}

async function isReady(address: string): Promise<boolean> {
  try {
    return (await fetch(`http://${address}/readyz`)).ok
  } catch {
    // Nobody listens yet.
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const at = server.address()
  server.close()
  await once(server, 'close')
  if (at === null || typeof at === 'string') throw new Error('no port')
  return at.port
}
