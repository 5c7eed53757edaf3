import type { BatchHeader } from './batch-header.ts'
import { columnHeaderBytes } from './batch-limits.ts'
import { ColumnReader, columnDescriptorBytes, readDescriptor } from './column.ts'
import { malformedBatch } from './errors.ts'
import { PieceColumn } from './piece-column.ts'

/** Where everything in a body is. */
export interface BodyLayout {
  /** max timestamp − timestamp. */
  readonly timestamps: ColumnReader
  readonly keys: PieceColumn
  readonly headerBlocks: PieceColumn
  readonly values: PieceColumn
}

/**
 * Proves that columns, keys, header blocks and values add up to exactly the body, before a record is handed out.
 * @param body before any codec; retained
 * @throws EG_BATCH_MALFORMED (fix-call)
 */
export function openBody(header: BatchHeader, body: Uint8Array): BodyLayout {
  const count = header.recordCount
  if (body.length !== header.bodyBytes) {
    throw malformedBatch(`its body has ${body.length} bytes, the header says ${header.bodyBytes}`, {
      bytes: body.length,
      bodyBytes: header.bodyBytes,
    })
  }
  const [timestamps, keys, headerBlocks, values] = openColumns(body, count)
  const keysAt = columnHeaderBytes + count * (timestamps.width + keys.width + headerBlocks.width + values.width)
  const headerBlocksAt = keysAt + keys.sum(count, 1)
  const valuesAt = headerBlocksAt + headerBlocks.sum(count, 0)
  const end = valuesAt + values.sum(count, 1)
  if (end !== body.length) {
    throw malformedBatch(`its parts add up to ${end} bytes, its body has ${body.length}`, {
      parts: end,
      bodyBytes: body.length,
    })
  }
  // Deltas have 32 bits: for the times of this century nothing has to be looked at.
  if (header.maxTimestamp <= 0xffffffff && timestamps.max(count) > header.maxTimestamp)
    throw malformedBatch('a timestamp is below 0')
  return {
    timestamps,
    keys: new PieceColumn(keys, count, keysAt, 1),
    headerBlocks: new PieceColumn(headerBlocks, count, headerBlocksAt, 0),
    values: new PieceColumn(values, count, valuesAt, 1),
  }
}

type Columns = [timestamps: ColumnReader, keys: ColumnReader, headerBlocks: ColumnReader, values: ColumnReader]

function openColumns(body: Uint8Array, count: number): Columns {
  const view = new DataView(body.buffer, body.byteOffset, body.length)
  let at = columnHeaderBytes
  const open = (index: number): ColumnReader => {
    const { width, constant } = readDescriptor(body, index * columnDescriptorBytes)
    const column = new ColumnReader(view, width, constant, at)
    at += width * count
    // H64: no value is read before all of them are known to be there.
    if (at > body.length)
      throw malformedBatch(`column ${index} ends beyond the body`, { index, bodyBytes: body.length })
    return column
  }
  return [open(0), open(1), open(2), open(3)]
}
