import { EastGuardError, type StorageWrite } from '@eastguard/kernel'
import { decodeRow, encodeWrite } from './row-codec.ts'
import type { RowWrite } from './rows.ts'
import { VNodeState } from './state.ts'

// The whole of a vNode as rows, and back: what a snapshot carries and what the storage holds. import∘export is identity
// (H6), because the state holds nothing beside its rows.

export type StoredRow = readonly [key: Uint8Array, value: Uint8Array]

/** Every row, in the order of the keys. The state must not change while it is read. */
export function* exportRows(state: VNodeState): Generator<StoredRow> {
  for (const write of allRows(state)) {
    for (const stored of encodeWrite(write, noPrefix)) yield keyAndValue(stored)
  }
}

/**
 * @param rows in the order of their keys, without prefix; borrowed
 * @throws EG_STORAGE_DAMAGED (give-up)
 */
export function importRows(rows: Iterable<StoredRow>): VNodeState {
  let state: VNodeState | undefined
  for (const [key, value] of rows) {
    const put = decodeRow(key, value)
    if (put.kind === 'vnode') {
      state = new VNodeState(put.row)
      continue
    }
    if (state === undefined) throw incomplete('its first row is not the vNode')
    state.write(put.kind === 'segment' ? { kind: 'segment', row: shared(state, put.row) } : put)
  }
  if (state === undefined) throw incomplete('it has no rows')
  return state
}

function* allRows(state: VNodeState): Generator<RowWrite> {
  yield { kind: 'vnode', row: state.vnode }
  for (const topic of state.topics()) yield { kind: 'topic', row: topic.row }
  for (const topic of state.topics()) {
    for (const range of topic.ranges.values()) yield { kind: 'range', row: range.row }
  }
  for (const topic of state.topics()) {
    for (const { segments } of topic.ranges.values()) {
      for (let i = 0; i < segments.count; i++) yield { kind: 'segment', row: segments.at(i) }
    }
  }
  for (const row of state.requests()) yield { kind: 'request', row }
}

type SegmentWrite = Extract<RowWrite, { kind: 'segment' }>

function shared(state: VNodeState, row: SegmentWrite['row']): SegmentWrite['row'] {
  return { ...row, replicas: state.replicaLists.share(row.replicas) }
}

const noPrefix = new Uint8Array(0)

function keyAndValue(write: StorageWrite): StoredRow {
  return write.kind === 'put' ? [write.key, write.value] : unexpected(write.kind)
}

function unexpected(kind: string): never {
  throw incomplete(`an export holds rows only, not a '${kind}'`)
}

function incomplete(what: string): EastGuardError {
  return new EastGuardError({
    code: 'EG_STORAGE_DAMAGED',
    remedy: 'give-up',
    message: `a vNode's rows cannot be loaded: ${what}`,
  })
}
