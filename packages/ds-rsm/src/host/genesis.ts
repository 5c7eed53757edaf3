import { EastGuardError, type GroupStorage, type StorageWrite } from '@eastguard/kernel'
import { type BrokerId, parseVNodeId, type VNodeId } from '../ids.ts'
import type { Fields } from '../vnode/fields.ts'
import { equalPieces } from '../vnode/keyspace.ts'
import { pack, unpackFields } from '../vnode/packing.ts'
import type { VNodeRow } from '../vnode/rows.ts'
import { indexWrite, storageWrites } from './vnode-storage.ts'

// The first row of a broker's metadata, written once, with all first rows of its vNodes, in one commit:
//
//   'g'   [format, [vNode ids], cluster id, broker id]
//
// Whose metadata it is, is in it: with another cluster's rows every record file would look like one that a committed
// command has removed (P17).

const genesisKey = new Uint8Array([0x67])
const format = 1

/** Whose metadata a storage holds. */
export interface BirthIds {
  /** 32 hex digits. */
  readonly clusterId: string
  readonly brokerId: BrokerId
}

export interface VNodesBirth extends BirthIds {
  /** Of vNodes, a power of two; more than brokers will ever be times four leaves room to spread leadership. */
  readonly count: number
}

/** Whether a cluster has been born in this storage. */
export function hasVNodes(storage: GroupStorage): boolean {
  return storage.get(genesisKey) !== undefined
}

/**
 * Gives birth to vNodes with equal arcs, in one commit. Once per cluster, and never as a remedy for rows that are missing:
 * ids would be minted a second time (P17).
 * @throws EG_CLUSTER_EXISTS (fix-call)
 */
export async function createVNodes(storage: GroupStorage, birth: VNodesBirth): Promise<void> {
  if (hasVNodes(storage)) {
    throw new EastGuardError({
      code: 'EG_CLUSTER_EXISTS',
      remedy: 'fix-call',
      message: 'a cluster has been born in this data directory already; start it without --bootstrap',
    })
  }
  const ids: VNodeId[] = []
  const writes: StorageWrite[] = []
  for (const piece of equalPieces(birth.count)) {
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
    writes.push(...storageWrites(id, [{ kind: 'vnode', row }]), indexWrite(id, 0))
  }
  const value = pack([format, ids, birth.clusterId, birth.brokerId])
  await storage.commit([{ kind: 'put', key: genesisKey, value }, ...writes])
}

/** Ascending. @throws EG_NO_CLUSTER (fix-call): no cluster was born here, or its metadata is gone */
export function storedVNodes(storage: GroupStorage): VNodeId[] {
  const genesis = readGenesis(storage)
  if (genesis === undefined) throw noCluster()
  return genesis.vnodes
}

/**
 * Whose metadata this is, as its birth recorded it: what a first start that was cut short goes on with.
 * @returns undefined when nothing has been born here
 * @throws EG_DATA_DIR_FORMAT (give-up)
 */
export function storedBirth(storage: GroupStorage): BirthIds | undefined {
  return readGenesis(storage)?.birth
}

/**
 * P17: metadata of another cluster or broker must never judge the record files that lie here. Before anything else is made
 * of it.
 * @throws EG_DATA_DIR_FOREIGN (fix-call), EG_NO_CLUSTER (fix-call), EG_DATA_DIR_FORMAT (give-up)
 */
export function checkBirth(storage: GroupStorage, expected: BirthIds): void {
  const genesis = readGenesis(storage)
  if (genesis === undefined) throw noCluster()
  const { birth } = genesis
  if (birth.clusterId === expected.clusterId && birth.brokerId === expected.brokerId) return
  throw new EastGuardError({
    code: 'EG_DATA_DIR_FOREIGN',
    remedy: 'fix-call',
    message: `the metadata store belongs to ${nameOf(birth)}, and this data directory to ${nameOf(expected)}: put its own meta/ folder back`,
    facts: {
      clusterId: birth.clusterId,
      brokerId: birth.brokerId,
      expectedClusterId: expected.clusterId,
      expectedBrokerId: expected.brokerId,
    },
  })
}

interface Genesis {
  readonly vnodes: VNodeId[]
  readonly birth: BirthIds
}

function readGenesis(storage: GroupStorage): Genesis | undefined {
  const value = storage.get(genesisKey)
  if (value === undefined) return undefined
  const fields = unpackFields(value)
  const found = fields.count()
  if (found !== format) throw newerFormat(found)
  const vnodes = fields.list((inner) => parseVNodeId(inner.u32())).sort((a, b) => a - b)
  return { vnodes, birth: readBirth(fields) }
}

/** As they were written: `checkBirth` compares them, nothing parses them. */
function readBirth(fields: Fields): BirthIds {
  const birth = { clusterId: fields.text(), brokerId: fields.text() as BrokerId }
  fields.end()
  return birth
}

function nameOf({ clusterId, brokerId }: BirthIds): string {
  return `broker ${brokerId} of cluster ${clusterId}`
}

function noCluster(): EastGuardError {
  return new EastGuardError({
    code: 'EG_NO_CLUSTER',
    remedy: 'fix-call',
    message: 'the metadata store holds no vNodes: a new directory needs --bootstrap, an old one its meta/ folder back',
  })
}

function newerFormat(found: number): EastGuardError {
  return new EastGuardError({
    code: 'EG_DATA_DIR_FORMAT',
    remedy: 'give-up',
    message: `the metadata store has format ${found}, and this release reads format ${format}; start the release that wrote it`,
    facts: { format: found },
  })
}
