import { PassThrough } from 'node:stream'
import { AbortSource, encodeUtf8 } from '@eastguard/kernel'
import { MemoryClock } from '@eastguard/kernel/testing'
import type { ByteSource, CliHost, TextSink } from '../src/cli-host.ts'

export interface FakeHost extends CliHost {
  readonly out: FakeSink
  readonly err: FakeSink
  /** Files by absolute path; what commands write is here too. */
  readonly texts: Map<string, string>
  interrupt(): void
}

export interface FakeSink extends TextSink {
  /** Everything written so far. */
  readonly text: string
  close(): void
}

export interface FakeHostOptions {
  readonly env?: CliHost['env']
  readonly terminal?: boolean
  readonly stdin?: string
  readonly files?: { readonly [path: string]: string }
}

export function fakeHost(args: readonly string[], options: FakeHostOptions = {}): FakeHost {
  const { env = {}, terminal = false, stdin = '', files = {} } = options
  const interruption = new AbortSource()
  const out = fakeSink(terminal)
  const err = fakeSink(terminal)
  const texts = new Map(Object.entries(files))
  return {
    args,
    env,
    clock: new MemoryClock(),
    runtime: 'a test',
    stdout: out,
    stderr: err,
    out,
    err,
    stdin: fakeSource([encodeUtf8(stdin)], terminal),
    texts,
    interrupt: () => interruption.abort(new Error('interrupted')),
    interruption: () => interruption.signal,
    openFile: async (path) => fakeSource([encodeUtf8(texts.get(path) ?? '')]),
    files: {
      absolute: (path) => `/elsewhere/${path}`,
      readText: async (path) => texts.get(path),
      writeText: async (path, text) => void texts.set(path, text),
      removeTree: async (path) => {
        for (const name of texts.keys()) if (name.startsWith(path)) texts.delete(name)
      },
      makeDirectory: async () => {},
      makeTemporaryDirectory: async (prefix) => `/tmp/${prefix}1`,
    },
    processes: {
      startSelf: async () => ({ pid: 1, startedAt: 'now' }),
      identify: async () => undefined,
      signal: async () => false,
      freePort: async (from) => from,
    },
  }
}

export function fakeSink(isTerminal = false): FakeSink {
  const closed = new AbortSource()
  const pieces: Uint8Array[] = []
  return {
    isTerminal,
    columns: 80,
    closed: closed.signal,
    stream: new PassThrough(),
    get text() {
      return Buffer.concat(pieces).toString('utf8')
    },
    close: () => closed.abort(new Error('EPIPE')),
    async write(data) {
      if (!closed.signal.aborted) pieces.push(typeof data === 'string' ? encodeUtf8(data) : data)
    },
  }
}

export function fakeSource(chunks: readonly Uint8Array[], isTerminal = false): ByteSource {
  return {
    isTerminal,
    size: chunks.reduce((sum, chunk) => sum + chunk.length, 0),
    async *chunks() {
      yield* chunks
    },
  }
}
