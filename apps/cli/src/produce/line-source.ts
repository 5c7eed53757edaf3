import { encodeUtf8 } from '@eastguard/kernel'
import type { ByteSource, CliHost } from '../cli-host.ts'
import { LineSplitter } from './line-splitter.ts'

/** Where the lines come from. */
export interface LineSource {
  /** All bytes that will come; undefined where nobody knows. */
  readonly size: number | undefined
  /** Whether the rest can be read to the end without waiting for somebody. */
  readonly finite: boolean
  /** Once. The lines of a group are taken to their end before the next group is asked for. */
  groups(): AsyncGenerator<LineGroup, void, void>
}

export interface LineGroup {
  readonly lines: Iterator<Uint8Array, unknown>
  /** Bytes that this group took of the source. */
  readonly bytes: number
}

/** Values of the command line, one each. */
export function valueSource(values: readonly string[]): LineSource {
  const lines = values.map(encodeUtf8)
  const size = lines.reduce((sum, line) => sum + line.length, 0)
  return {
    size,
    finite: true,
    async *groups() {
      yield { lines: lines.values(), bytes: size }
    },
  }
}

/** A file, or standard input where `path` is `-`. @throws EG_DISK_NOT_FOUND, EG_DISK_FAILED (give-up) */
export async function fileSource(host: CliHost, path: string): Promise<LineSource> {
  if (path === '-') return splitting(host.stdin, false)
  const file = await host.openFile(path)
  return splitting(file, file.size !== undefined)
}

function splitting(source: ByteSource, finite: boolean): LineSource {
  return {
    size: source.size,
    finite,
    async *groups() {
      const splitter = new LineSplitter()
      for await (const chunk of source.chunks()) yield { lines: splitter.push(chunk), bytes: chunk.length }
      const last = splitter.end()
      if (last !== undefined) yield { lines: [last].values(), bytes: 0 }
    },
  }
}
