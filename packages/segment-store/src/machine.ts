import type { Clock, Disk, Logger, Meter } from '@eastguard/kernel'
import { Appender } from './appender.ts'
import { DiskMonitor } from './disk-monitor.ts'
import { Flusher } from './flusher.ts'
import { FilePool, journalDirectory } from './journal/file-pool.ts'
import { Journal } from './journal/journal.ts'
import { JournalKeeper } from './journal/journal-keeper.ts'
import type { Lane } from './lane.ts'
import type { Recovered } from './recovery/recover.ts'
import type { StoreRules } from './rules.ts'
import { Cache } from './segment/cache.ts'
import { ReadHandles } from './segment/read-handles.ts'
import { Reader } from './segment/reader.ts'
import type { Segment } from './segment/segment.ts'
import { SegmentChanges } from './segment/segment-changes.ts'
import type { SegmentId } from './segment-id.ts'
import type { StoreSettings } from './settings.ts'
import type { StopSwitch } from './stop-switch.ts'

export interface StoreComponents {
  /** Rooted at the data directory; the store uses `journal/` and `segments/`. */
  readonly disk: Disk
  readonly clock: Clock
  readonly logger: Logger
  readonly meter: Meter
}

/** The parts of an open store, each with one job, wired to each other. */
export interface Machine {
  readonly segments: Map<SegmentId, Segment>
  readonly directories: Lane
  readonly cache: Cache
  readonly flusher: Flusher
  readonly handles: ReadHandles
  readonly reader: Reader
  readonly pool: FilePool
  readonly monitor: DiskMonitor
  readonly journal: Journal
  readonly keeper: JournalKeeper
  readonly appender: Appender
  readonly changes: SegmentChanges
}

export interface MachineStart {
  readonly settings: StoreSettings
  readonly components: StoreComponents
  readonly rules: StoreRules
  readonly recovered: Recovered
  readonly directories: Lane
  readonly stop: StopSwitch
}

/** Goes on where recovery has ended: in a fresh journal file. Resolves when the files before it are needed no more. */
export async function startMachine(start: MachineStart): Promise<Machine> {
  const { settings, components, rules, recovered, stop } = start
  const { disk, clock, meter } = components
  const failed = (error: unknown): void => void stop.fail(error)
  const pool = new FilePool(disk, settings, recovered.spares, failed)
  let machine: Machine | undefined
  const switched = (): void => {
    machine?.keeper.switched()
    machine?.appender.advance()
  }
  // What waits for memory was called later: it must not be stored in the place of what was refused (P2).
  const refused = (error: unknown): void => machine?.appender.refuseWaiting(error)
  const journalParts = { clock, meter, pool, hooks: { switched, refused, failed } }
  const journal = await Journal.open(settings, journalParts, recovered.header, rules.acknowledgeAt)
  machine = wire(start, pool, journal)
  const { flusher, appender } = machine
  stop.onFailed = (failure) => {
    flusher.stop()
    appender.refuseWaiting(failure)
    journal.abort(failure)
    components.logger.error('store failed', { reason: failure.message })
  }
  try {
    await settleIn(machine, recovered, disk)
    return machine
  } catch (error) {
    await journal.close(stop.close())
    await pool.close()
    throw error
  }
}

function wire(start: MachineStart, pool: FilePool, journal: Journal): Machine {
  const { settings, components, rules, recovered, directories, stop } = start
  const { disk, clock, meter } = components
  const { segments } = recovered
  const failed = (error: unknown): void => void stop.fail(error)
  const cache = new Cache(settings.memoryBytesMax, rules.evictableFrom)
  const handles = new ReadHandles(disk, settings.openFilesMax)
  const monitor = new DiskMonitor(components, settings)
  const relieved = (segment: Segment): void => {
    keeper.flushed(segment)
    appender.advance()
  }
  const gone = (segment: Segment): void => {
    segments.delete(segment.id)
    keeper.gone(segment)
    appender.advance()
  }
  const flusher = new Flusher({ clock, meter, cache, hooks: { flushed: relieved, failed } }, settings.diskPollMs)
  const kept = { journal, flusher, cache, segments, watermark: rules.watermark, failed }
  const keeper = new JournalKeeper(kept, settings.flushBytes, recovered.lostTraces)
  const stopped = (): Error | undefined => stop.reason
  const appending = { clock, cache, journal, keeper, flusher, pool, monitor, stopped }
  const appender = new Appender(appending, settings.journalFilesMax)
  const begun = (segment: Segment): void => appender.refuseWaitingOf(segment)
  const changes = new SegmentChanges({ disk, journal, flusher, cache, handles, begun, gone, changed: relieved })
  const reader = new Reader(handles)
  return { segments, directories, cache, flusher, handles, reader, pool, monitor, journal, keeper, appender, changes }
}

/** What recovery found is durable in the new journal before the old files go. */
async function settleIn(machine: Machine, recovered: Recovered, disk: Disk): Promise<void> {
  await machine.monitor.look()
  await machine.keeper.carryAll()
  for (const name of recovered.aside) {
    const path = `${journalDirectory}/${name}`
    await disk.rename(path, `${path}.damaged`)
  }
  await machine.pool.give(recovered.used)
  machine.pool.prepare()
}
