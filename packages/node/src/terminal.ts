import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { isatty } from 'node:tty'
import { type AbortSignal, AbortSource, EastGuardError } from '@eastguard/kernel'
import { type BackgroundProcess, freePort, identifyProcess, signalProcess, startSelf } from './background-process.ts'
import { onStopSignal } from './stop-signals.ts'

// The process around a command line tool: arguments, the three standard streams, files named by the user, signals.

const fileChunkBytes = 256 * 1024

export interface TerminalSink {
  readonly isTerminal: boolean
  readonly columns: number
  /** Aborts when the other end is closed (EPIPE): writing goes on without an error and without an effect. */
  readonly closed: AbortSignal
  readonly stream: NodeJS.WritableStream
  /** Resolves when there is room for more. @param data retained until written */
  write(data: string | Uint8Array): Promise<void>
}

export interface TerminalSource {
  readonly isTerminal: boolean
  readonly size: number | undefined
  chunks(): AsyncIterable<Uint8Array>
}

export interface Terminal {
  readonly args: readonly string[]
  readonly env: { readonly [name: string]: string | undefined }
  readonly runtime: string
  readonly stdout: TerminalSink
  readonly stderr: TerminalSink
  readonly stdin: TerminalSource
  /** Aborts at the first SIGINT or SIGTERM; the second ends the process. Without a call signals keep their meaning. */
  interruption(): AbortSignal
  /** @throws EG_DISK_NOT_FOUND, EG_DISK_FAILED (give-up), which name the path */
  openFile(path: string): Promise<TerminalSource>
  readonly files: TerminalFiles
  readonly processes: TerminalProcesses
}

export interface TerminalProcesses {
  startSelf(args: readonly string[], logPath: string): Promise<BackgroundProcess>
  identify(pid: number): Promise<BackgroundProcess | undefined>
  signal(process: BackgroundProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<boolean>
  freePort(from: number): Promise<number>
}

export interface TerminalFiles {
  absolute(path: string): string
  readText(path: string): Promise<string | undefined>
  writeText(path: string, text: string): Promise<void>
  removeTree(path: string): Promise<void>
  makeDirectory(path: string): Promise<void>
  makeTemporaryDirectory(prefix: string): Promise<string>
}

/** This process's own. */
export function processTerminal(): Terminal {
  let interruption: AbortSignal | undefined
  return {
    args: process.argv.slice(2),
    env: process.env,
    runtime: `Node.js ${process.versions.node}`,
    stdout: sinkOf(process.stdout, 1),
    stderr: sinkOf(process.stderr, 2),
    stdin: {
      isTerminal: isatty(0),
      size: undefined,
      chunks: () => process.stdin as AsyncIterable<Uint8Array>, // no encoding is set: chunks are bytes
    },
    interruption() {
      interruption ??= watchSignals()
      return interruption
    },
    openFile,
    files: terminalFiles,
    processes: { startSelf, identify: identifyProcess, signal: signalProcess, freePort },
  }
}

/** Ends the process when everything written has left, whatever still holds the event loop. */
export function endProcess(exitCode: number): void {
  process.exitCode = exitCode
  process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)))
}

function watchSignals(): AbortSignal {
  const source = new AbortSource()
  onStopSignal((signal) => {
    source.abort(new EastGuardError({ code: 'EG_ABORTED', remedy: 'give-up', message: `interrupted by ${signal}` }))
  })
  return source.signal
}

function sinkOf(stream: NodeJS.WriteStream, fd: number): TerminalSink {
  const closed = new AbortSource()
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Any other error of a standard stream has no better place to be told than this one, which is gone too.
    closed.abort(error)
  })
  return {
    isTerminal: isatty(fd),
    columns: stream.columns ?? 80,
    closed: closed.signal,
    stream,
    write(data) {
      if (closed.signal.aborted) return Promise.resolve()
      return new Promise((resolve) => {
        // The callback comes with an error too; 'error' above has remembered it by then or will at once.
        if (stream.write(data, () => resolve())) resolve()
      })
    },
  }
}

async function openFile(path: string): Promise<TerminalSource> {
  let size: number | undefined
  try {
    const found = await stat(path)
    if (found.isDirectory()) throw fileError(path, 'EISDIR: it is a folder')
    if (found.isFile()) size = found.size
    await (await open(path, 'r')).close()
  } catch (error) {
    throw fileError(path, error)
  }
  async function* chunks(): AsyncIterable<Uint8Array> {
    try {
      yield* createReadStream(path, { highWaterMark: fileChunkBytes }) as AsyncIterable<Uint8Array>
    } catch (error) {
      throw fileError(path, error)
    }
  }
  return { isTerminal: false, size, chunks }
}

function fileError(path: string, error: unknown): EastGuardError {
  if (error instanceof EastGuardError) return error
  const why = error instanceof Error ? error.message : String(error)
  const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
  return new EastGuardError({
    code: missing ? 'EG_DISK_NOT_FOUND' : 'EG_DISK_FAILED',
    remedy: 'give-up',
    message: missing ? `there is no file ${path}` : `${path} cannot be used: ${why}`,
    facts: { path },
    cause: error,
  })
}

const terminalFiles: TerminalFiles = {
  absolute: (path) => resolve(path),
  async readText(path) {
    try {
      return await readFile(path, 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw fileError(path, error)
    }
  },
  async writeText(path, text) {
    try {
      await mkdir(dirname(path), { recursive: true })
      const temporary = `${path}.${process.pid}.new`
      await writeFile(temporary, text)
      await rename(temporary, path)
    } catch (error) {
      throw fileError(path, error)
    }
  },
  async removeTree(path) {
    await rm(path, { recursive: true, force: true }).catch((error: unknown) => {
      throw fileError(path, error)
    })
  },
  async makeDirectory(path) {
    await mkdir(path, { recursive: true }).catch((error: unknown) => {
      throw fileError(path, error)
    })
  },
  makeTemporaryDirectory: (prefix) => mkdtemp(join(tmpdir(), prefix)),
}
