import type { AbortSignal, Clock } from '@eastguard/kernel'

// Everything that the command line tool wants of the process around it. Production: `@eastguard/node`; tests: a fake.

export interface CliHost {
  /** Without the runtime and the program. */
  readonly args: readonly string[]
  readonly env: { readonly [name: string]: string | undefined }
  readonly clock: Clock
  readonly stdout: TextSink
  readonly stderr: TextSink
  readonly stdin: ByteSource
  /** Name and version of the runtime, for people. */
  readonly runtime: string
  /**
   * Aborts at the first SIGINT or SIGTERM; a second one ends the process. Signals keep their usual meaning until this
   * is called for the first time.
   */
  interruption(): AbortSignal
  /** @throws EG_DISK_NOT_FOUND, EG_DISK_FAILED (give-up), which name the path */
  openFile(path: string): Promise<ByteSource>
  readonly files: HostFiles
  readonly processes: HostProcesses
}

export interface TextSink {
  readonly isTerminal: boolean
  /** Characters in a row; 80 where nobody knows. */
  readonly columns: number
  /** Aborts when the other end is closed (EPIPE). Writing goes on without an error and without an effect. */
  readonly closed: AbortSignal
  /** For libraries that draw by themselves. */
  readonly stream: NodeJS.WritableStream
  /** Resolves when there is room for more. @param data retained until written */
  write(data: string | Uint8Array): Promise<void>
}

export interface ByteSource {
  readonly isTerminal: boolean
  /** Undefined where the end is not known. */
  readonly size: number | undefined
  /** Once. Each chunk is the receiver's. */
  chunks(): AsyncIterable<Uint8Array>
}

export interface HostFiles {
  absolute(path: string): string
  /** Undefined when there is no such file. */
  readText(path: string): Promise<string | undefined>
  /** The whole file or the old one, never half of it. Parents are made. */
  writeText(path: string, text: string): Promise<void>
  /** With everything in it; fine when it is not there. */
  removeTree(path: string): Promise<void>
  makeDirectory(path: string): Promise<void>
  /** A fresh one of the system's temporary folders. */
  makeTemporaryDirectory(prefix: string): Promise<string>
}

export interface HostProcesses {
  /** Starts this program again, in the background, in a session of its own. Its output goes to the end of `logPath`. */
  startSelf(args: readonly string[], logPath: string): Promise<ProcessIdentity>
  /** Undefined when no such process runs. */
  identify(pid: number): Promise<ProcessIdentity | undefined>
  /** @returns false when that process has ended */
  signal(process: ProcessIdentity, signal: 'SIGTERM' | 'SIGKILL'): Promise<boolean>
  /** The first free port from `from` on, at loopback. @throws EG_ADDRESS_IN_USE (fix-call) when a hundred are taken */
  freePort(from: number): Promise<number>
}

/** A process and not merely its number, which the system gives away again. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it started, in a form that only compares. */
  readonly startedAt: string
}
