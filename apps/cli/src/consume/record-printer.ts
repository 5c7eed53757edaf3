import type { TextSink } from '../cli-host.ts'
import { ChunkedOutput } from '../output/chunked-output.ts'
import { joined } from '../text/joined-bytes.ts'
import type { ConsumedRecord } from './consumed-record.ts'
import { recordJson } from './record-json.ts'
import { parseRecordTemplate } from './record-template.ts'

/** Records to standard output, in large pieces. */
export interface RecordPrinter {
  /** @param record borrowed until it returns, or its bytes retained until the next `flush` */
  print(record: ConsumedRecord): void
  /** Whether a `flush` is due. */
  readonly full: boolean
  /** Resolves when there is room for more. */
  flush(): Promise<void>
}

/** One JSON line per record. */
export function jsonPrinter(sink: TextSink): RecordPrinter {
  const output = new ChunkedOutput(sink)
  return {
    print: (record) => output.add(`${JSON.stringify(recordJson(record))}\n`),
    get full() {
      return output.full
    },
    flush: () => output.flush(),
  }
}

const pieceBytes = 64 * 1024

/** @throws EG_INVALID_ARGUMENT (fix-call) naming what of the template it does not know */
export function templatePrinter(sink: TextSink, template: string): RecordPrinter {
  const piecesOf = parseRecordTemplate(template)
  let parts: Uint8Array[] = []
  let bytes = 0
  return {
    print(record) {
      for (const piece of piecesOf(record)) {
        parts.push(piece)
        bytes += piece.length
      }
    },
    get full() {
      return bytes >= pieceBytes
    },
    async flush() {
      if (bytes === 0) return
      const piece = joined(parts)
      parts = []
      bytes = 0
      await sink.write(piece)
    },
  }
}
