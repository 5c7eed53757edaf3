import { CoordinatorLoop, defaultLocalProposerSettings, LocalProposer, parseBrokerId } from '@eastguard/ds-rsm'
import {
  type Address,
  type Clock,
  type Disk,
  type EastGuardError,
  type GroupStorage,
  isEastGuardError,
  type Logger,
  type Meter,
  type Network,
  type Random,
} from '@eastguard/kernel'
import { type BrokerIdentity, chooseLimits, codedError } from '@eastguard/protocol'
import { defaultStoreSettings, SegmentStore } from '@eastguard/segment-store'
import { beginBoot, checkFolder } from './boot.ts'
import { BugAlarm } from './bug-alarm.ts'
import { ClientPort } from './client-port/client-port.ts'
import { openSession } from './client-port/open-session.ts'
import type { BrokerContext } from './handlers/context.ts'
import { handleUnary } from './handlers/table.ts'
import { type Identity, readIdentity, writeIdentity } from './identity.ts'
import { callTimeoutMs, Metadata } from './metadata/metadata.ts'
import { RangeKeeper } from './metadata/range-keeper.ts'
import { describeDisk, describeRanges } from './problems.ts'
import { LocalRanges } from './records/local-ranges.ts'
import type { BrokerSettings } from './settings/table.ts'
import { software } from './software.ts'
import { SpaceReserve } from './space-reserve.ts'

/** The world of one broker. The simulator brings its own. */
export interface BrokerComponents {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  /** Rooted at the data folder. */
  readonly disk: Disk
  /** Called once, when the folder is locked. */
  openStorage(): Promise<GroupStorage>
  readonly logger: Logger
  readonly metrics: Meter & { print(): Promise<string>; readonly contentType: string }
}

/** A broker that serves. */
export interface Broker extends AsyncDisposable {
  readonly identity: Identity
  /** Where it listens; with port 0 in the settings, the one that it got. */
  readonly address: Address
  /** Resolves at the first failed write or sync, or broken invariant. The process must end then, at once: nothing in memory is trusted (H52). */
  readonly failed: Promise<EastGuardError>
  /** Lets what is under way end, for at most the drain timeout; writes everything to its place; frees the folder. */
  close(): Promise<void>
}

/**
 * Wires one broker and starts it: lock, identity, metadata, records, coordinator, and only then the port. What was
 * opened is closed again, in reverse order, when a later step fails.
 * @throws EG_DATA_DIR_LOCKED, EG_NO_CLUSTER, EG_CLUSTER_EXISTS, EG_WRONG_CLUSTER, EG_DATA_DIR_* , EG_ADDRESS_*, EG_DISK_*
 */
export async function composeBroker(settings: BrokerSettings, components: BrokerComponents): Promise<Broker> {
  const opened: AsyncDisposable[] = []
  try {
    return await start(settings, components, opened)
  } catch (error) {
    await closeAll(opened, components.logger)
    throw error
  }
}

async function start(
  settings: BrokerSettings,
  components: BrokerComponents,
  opened: AsyncDisposable[],
): Promise<Broker> {
  const { clock, disk, logger, metrics } = components
  const keep = <Opened extends AsyncDisposable>(value: Opened): Opened => {
    opened.push(value)
    return value
  }
  const reserve = new SpaceReserve(disk, settings.dataDir ?? 'the data folder')
  keep(await reserve.spend(() => disk.lock('lock')))
  const known = await readIdentity(disk)
  checkFolder(settings, known)
  const storage = keep(await components.openStorage())
  const identity = await reserve.spend(() => beginBoot(settings, components, storage, known))
  const proposer = keep(await LocalProposer.open(defaultLocalProposerSettings, { storage, clock, logger }))
  const storeSettings = {
    ...defaultStoreSettings,
    storeId: bytesOf(identity.brokerId),
    existing: identity.opened,
    journalFileBytes: settings.journalFileBytes,
    memoryBytesMax: settings.memoryBytes,
  }
  // Closed after the store: what it is waiting for ends when the store closes.
  let loop: CoordinatorLoop | undefined
  keep({ [Symbol.asyncDispose]: async () => loop?.close() })
  const store = keep(await SegmentStore.open(storeSettings, { disk, clock, logger, meter: metrics }))
  if (!identity.opened) await writeIdentity(disk, { ...identity, opened: true })
  await reserve.restore()
  const metadata = new Metadata(proposer, proposer, clock)
  const bugs = new BugAlarm(logger)
  const ranges = new LocalRanges(store, bugs, Math.floor(settings.memoryBytes / 4))
  const self = { brokerId: parseBrokerId(identity.brokerId), bootId: identity.bootId }
  loop = new CoordinatorLoop(
    { clusterId: identity.clusterId, self, pageIntervalMs: settings.reconcileInterval, callTimeoutMs },
    { proposer, directory: proposer, clock, surroundings: new RangeKeeper({ store, ranges, bugs, logger }) },
  )
  const failed = Promise.race([store.failed, proposer.failed.then(asCoded), bugs.raised])
  await Promise.race([loop.start(), failed.then(rethrow)])
  const coordinators = loop
  const problems = (): readonly string[] => [...describeRanges(coordinators), ...describeDisk(store)]
  const context: BrokerContext = {
    settings,
    identity,
    seats: [self],
    get advertised() {
      return settings.advertise ?? port.address
    },
    startedAt: clock.wallTime(),
    clock,
    disk,
    metadata,
    ranges,
    store,
    connectionCount: () => port.connectionCount,
    problems,
  }
  let stopping = false
  const port = await ClientPort.open(
    settings,
    {
      identity: clientIdentity(settings, identity),
      call: (kind, body) => handleUnary(kind, body, context),
      open: (kind, body, link) => openSession(kind, body, link, context),
      bug: (error, where) => bugs.notice(error, where),
    },
    { notReady: () => (stopping ? ['stopping'] : describeDisk(store)), metrics },
    components,
  )
  logger.info('serving', { host: port.address.host, port: port.address.port, bootId: identity.bootId })
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= (async () => {
      stopping = true
      await port.close(codedError('EG_SHUTTING_DOWN', 'the broker is stopping'), settings.drainTimeout)
      ranges.close(codedError('EG_SHUTTING_DOWN', 'the broker is stopping'))
      coordinators.stop()
      await closeAll(opened, logger)
    })()
    return closing
  }
  return {
    identity,
    address: port.address,
    failed,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function clientIdentity(settings: BrokerSettings, identity: Identity): BrokerIdentity {
  const limits = chooseLimits({
    batchBytesMax: settings.batchBytesMax,
    produceWindowBytes: settings.produceWindowBytes,
    produceWindowBatches: settings.produceWindowBatches,
    consumeWindowBytesMax: settings.consumeWindowBytesMax,
    helloTimeoutMs: settings.helloTimeout,
    idleIntervalMs: settings.idleInterval,
  })
  return { ...identity, software, features: [], limits }
}

async function closeAll(opened: AsyncDisposable[], logger: Logger): Promise<void> {
  for (let value = opened.pop(); value !== undefined; value = opened.pop()) {
    try {
      await value[Symbol.asyncDispose]()
    } catch (error) {
      logger.error('closing failed', { error: String(error) })
    }
  }
}

function rethrow(error: Error): never {
  throw error
}

function asCoded(error: Error): EastGuardError {
  return isEastGuardError(error) ? error : codedError('EG_STORE_FAILED', error.message, {}, error)
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, index) =>
    Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16),
  )
}
