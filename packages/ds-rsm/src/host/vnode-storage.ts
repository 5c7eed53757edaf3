import { ByteWriter, type GroupStorage, type StorageWrite } from '@eastguard/kernel'
import type { VNodeId } from '../ids.ts'
import { pack, unpackFields } from '../vnode/packing.ts'
import { encodeWrite, rowKeyEnd } from '../vnode/row-codec.ts'
import type { RowWrite } from '../vnode/rows.ts'
import { importRows, type StoredRow } from '../vnode/snapshot.ts'
import type { VNodeState } from '../vnode/state.ts'

// Where the vNodes of one broker lie in its storage:
//
//   'g'                whose they are, and which (genesis.ts)
//   'i' vnode:4        [format, applied index]
//   'v' vnode:4 row    the rows (row-codec.ts)

const format = 1
const loadPageRows = 4_096

export interface LoadedVNode {
  readonly state: VNodeState
  readonly appliedIndex: number
}

/** @throws EG_STORAGE_DAMAGED (give-up) */
export function loadVNode(storage: GroupStorage, id: VNodeId): LoadedVNode {
  using view = storage.view()
  const prefix = rowPrefix(id)
  const state = importRows(scanRows(view, prefix))
  const index = view.get(indexKey(id))
  if (index === undefined) return { state, appliedIndex: 0 }
  const fields = unpackFields(index)
  fields.u32()
  return { state, appliedIndex: fields.count() }
}

/** What the storage does for these changes of a vNode's rows. */
export function storageWrites(id: VNodeId, writes: readonly RowWrite[]): StorageWrite[] {
  const prefix = rowPrefix(id)
  return writes.flatMap((write) => encodeWrite(write, prefix))
}

export function indexWrite(id: VNodeId, appliedIndex: number): StorageWrite {
  return { kind: 'put', key: indexKey(id), value: pack([format, appliedIndex]) }
}

function* scanRows(view: Pick<GroupStorage, 'scan'>, prefix: Uint8Array): Generator<StoredRow> {
  let from = prefix
  const to = new ByteWriter(16).bytes(prefix).bytes(rowKeyEnd).copy()
  for (;;) {
    const page = view.scan(from, to, { limit: loadPageRows })
    for (const [key, value] of page) yield [key.subarray(prefix.length), value]
    const last = page.at(-1)
    if (last === undefined || page.length < loadPageRows) return
    from = new ByteWriter(last[0].length + 1).bytes(last[0]).u8(0).copy() // the next possible key
  }
}

function rowPrefix(id: VNodeId): Uint8Array {
  return keyOf(0x76, id)
}

function indexKey(id: VNodeId): Uint8Array {
  return keyOf(0x69, id)
}

/** Big-endian, so that vNodes lie in the order of their ids. */
function keyOf(kind: number, id: VNodeId): Uint8Array {
  return new Uint8Array([kind, id >>> 24, (id >>> 16) & 0xff, (id >>> 8) & 0xff, id & 0xff])
}
