import { ByteWriter, EastGuardError, type GroupStorage, type StorageWrite } from '@eastguard/kernel'
import { parseVNodeId, type VNodeId } from '../ids.ts'
import { equalPieces } from '../vnode/keyspace.ts'
import { pack, unpackFields } from '../vnode/packing.ts'
import { encodeWrite, rowKeyEnd } from '../vnode/row-codec.ts'
import type { RowWrite, VNodeRow } from '../vnode/rows.ts'
import { importRows, type StoredRow } from '../vnode/snapshot.ts'
import type { VNodeState } from '../vnode/state.ts'

// Where the vNodes of one broker lie in its storage:
//
//   'g'                [format, [vNode ids]]   written once, with all first rows, in one commit
//   'i' vnode:4        [format, applied index]
//   'v' vnode:4 row    the rows (row-codec.ts)

const genesisKey = new Uint8Array([0x67])
const format = 1
const loadPageRows = 4_096

/** Whether a cluster has been born in this storage. */
export function hasVNodes(storage: GroupStorage): boolean {
  return storage.get(genesisKey) !== undefined
}

/**
 * Gives birth to `count` vNodes with equal arcs, in one commit. Once per cluster, and never as a remedy for rows that are
 * missing: ids would be minted a second time (P17).
 * @param count a power of two; more than brokers will ever be times four leaves room to spread leadership
 * @throws EG_CLUSTER_EXISTS (fix-call)
 */
export async function createVNodes(storage: GroupStorage, count: number): Promise<void> {
  if (hasVNodes(storage)) {
    throw new EastGuardError({
      code: 'EG_CLUSTER_EXISTS',
      remedy: 'fix-call',
      message: 'a cluster has been born in this data directory already; start it without --bootstrap',
    })
  }
  const ids: VNodeId[] = []
  const writes: StorageWrite[] = []
  for (const piece of equalPieces(count)) {
    const id = parseVNodeId(piece.first)
    const row: VNodeRow = {
      id,
      arcStart: piece.first,
      arcEnd: piece.last + 1,
      epoch: 1,
      vnodeTime: 0,
      nextTopic: 0,
      nextRequest: 0,
    }
    ids.push(id)
    writes.push(...encodeWrite({ kind: 'vnode', row }, rowPrefix(id)), indexWrite(id, 0))
  }
  await storage.commit([{ kind: 'put', key: genesisKey, value: pack([format, ids]) }, ...writes])
}

/** Ascending. @throws EG_NO_CLUSTER (fix-call): no cluster was born here, or its metadata is gone */
export function storedVNodes(storage: GroupStorage): VNodeId[] {
  const value = storage.get(genesisKey)
  if (value === undefined) {
    throw new EastGuardError({
      code: 'EG_NO_CLUSTER',
      remedy: 'fix-call',
      message:
        'the metadata store holds no vNodes: a new directory needs --bootstrap, an old one its meta/ folder back',
    })
  }
  const fields = unpackFields(value)
  fields.u32()
  return fields.list((inner) => parseVNodeId(inner.u32())).sort((a, b) => a - b)
}

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
