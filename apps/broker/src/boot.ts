import { checkBirth, createVNodes, hasVNodes, parseBrokerId, storedBirth } from '@eastguard/ds-rsm'
import type { Disk, GroupStorage, Logger, Random } from '@eastguard/kernel'
import { codedError } from '@eastguard/protocol'
import { type Identity, mintIdentity, writeIdentity } from './identity.ts'
import type { BrokerSettings } from './settings/table.ts'

// The first steps of a start: is this the right folder, whose is it, and which boot is this?

export interface BootComponents {
  readonly disk: Disk
  readonly random: Random
  readonly logger: Logger
}

/**
 * Before anything is touched: is this the folder that was meant?
 * @throws EG_NO_CLUSTER, EG_WRONG_CLUSTER, EG_CLUSTER_EXISTS (fix-call)
 */
export function checkFolder(settings: BrokerSettings, known: Identity | undefined): void {
  const folder = settings.dataDir ?? 'the data folder'
  if (known === undefined) {
    if (settings.bootstrap) return
    throw codedError('EG_NO_CLUSTER', `there is no cluster in ${folder}; say --bootstrap to create one`)
  }
  if (settings.clusterId !== undefined) checkClusterId(folder, settings.clusterId, known.clusterId)
  if (settings.bootstrap) {
    const message = `${folder} holds cluster ${known.clusterId} already; start it without --bootstrap`
    throw codedError('EG_CLUSTER_EXISTS', message)
  }
}

/**
 * The identity of this boot, durable before any port opens. A cluster is born before its identity is written, so that
 * half of one is none; a birth that was cut short goes on with the ids that it had begun with.
 * @throws EG_DATA_DIR_DAMAGED (give-up): the metadata is gone
 * @throws EG_DATA_DIR_FOREIGN (fix-call): it is somebody else's (P17)
 */
export async function beginBoot(
  settings: BrokerSettings,
  components: BootComponents,
  storage: GroupStorage,
  known: Identity | undefined,
): Promise<Identity> {
  const identity = known === undefined ? await birth(settings, components, storage) : await nextBoot(known, storage)
  checkBirth(storage, { clusterId: identity.clusterId, brokerId: parseBrokerId(identity.brokerId) })
  await writeIdentity(components.disk, identity)
  return identity
}

async function birth(
  settings: BrokerSettings,
  { random, logger }: BootComponents,
  storage: GroupStorage,
): Promise<Identity> {
  const minted = mintIdentity(random, settings.clusterId)
  const begun = storedBirth(storage)
  if (begun !== undefined) {
    if (settings.clusterId !== undefined) checkClusterId('meta/', settings.clusterId, begun.clusterId)
    return { ...minted, ...begun }
  }
  const { clusterId, brokerId } = minted
  await createVNodes(storage, { count: settings.vnodeCount, clusterId, brokerId: parseBrokerId(brokerId) })
  logger.info('cluster created', { clusterId, vnodes: settings.vnodeCount })
  return minted
}

async function nextBoot(known: Identity, storage: GroupStorage): Promise<Identity> {
  if (!hasVNodes(storage)) {
    const message = `meta/: the metadata of cluster ${known.clusterId} is gone; put the folder back from a copy`
    throw codedError('EG_DATA_DIR_DAMAGED', message)
  }
  return { ...known, bootId: known.bootId + 1 }
}

function checkClusterId(folder: string, wanted: string, clusterId: string): void {
  if (wanted === clusterId) return
  const message = `${folder} belongs to cluster ${clusterId}, not ${wanted}`
  throw codedError('EG_WRONG_CLUSTER', message, { wanted, clusterId })
}
