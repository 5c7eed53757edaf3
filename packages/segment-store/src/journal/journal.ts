import { type Clock, type DiskFile, type Histogram, isEastGuardError, type Meter } from '@eastguard/kernel'
import { syncFile } from '../durable.ts'
import { frameSeed } from '../format/journal-frame.ts'
import { type JournalHeader, journalFileName } from '../format/journal-header.ts'
import { Pause } from '../pause.ts'
import type { FilePool } from './file-pool.ts'
import { GroupBuffer } from './group-buffer.ts'
import { type FrameRequest, type Group, JournalCore } from './journal-core.ts'
import { type JournalFile, releasableFiles } from './watermark.ts'

export interface JournalEntry extends FrameRequest {
  /** The covering sync has returned. @param position of the frame in the journal */
  durable(position: number): void
  /** It was not written, and the store goes on: comes before `refused` of any, the newest entry first. */
  takeBack?(): void
  /** Never written, never will be; the oldest entry first. */
  refused(error: unknown): void
}

export interface JournalSettings {
  readonly storeId: Uint8Array
  readonly journalFileBytes: number
  readonly groupBytesMax: number
  readonly diskPollMs: number
}

const idle = { kind: 'idle' } as const

/** When a group's entries are told that they are durable. */
export type AcknowledgeAt = 'synced' | 'written'

export interface JournalHooks {
  /** After the loop has gone on to a new file. */
  switched(): void
  /** The disk is full: all that was waiting for the next file has been refused. */
  refused(error: unknown): void
  /** A write or sync failed: fatal (H52). */
  failed(error: unknown): void
}

/** The journal's driver: one loop that writes and syncs in strict alternation while something waits. */
export class Journal {
  readonly #pool: FilePool
  readonly #clock: Clock
  readonly #settings: JournalSettings
  readonly #hooks: JournalHooks
  readonly #acknowledgeAt: AcknowledgeAt
  readonly #core: JournalCore<JournalEntry>
  readonly #buffer: GroupBuffer
  readonly #pause: Pause
  readonly #syncSeconds: Histogram
  readonly #groupBytes: Histogram
  #files: JournalFile[]
  #file: DiskFile
  #running: Promise<void> | undefined
  #stopped = false
  #hastened: { readonly error: unknown } | undefined
  #aborted: { readonly error: unknown } | undefined
  syncCount = 0
  groupCount = 0

  private constructor(
    settings: JournalSettings,
    components: { readonly clock: Clock; readonly meter: Meter; readonly pool: FilePool; readonly hooks: JournalHooks },
    start: { readonly header: JournalHeader; readonly file: DiskFile; readonly acknowledgeAt: AcknowledgeAt },
  ) {
    const { sequence, base } = start.header
    this.#settings = settings
    this.#pool = components.pool
    this.#clock = components.clock
    this.#hooks = components.hooks
    this.#acknowledgeAt = start.acknowledgeAt
    this.#core = new JournalCore(settings, { sequence, base })
    this.#buffer = new GroupBuffer(frameSeed(settings.storeId), settings.groupBytesMax)
    this.#pause = new Pause(components.clock)
    this.#files = [{ sequence, base, bytes: settings.journalFileBytes }]
    this.#file = start.file
    this.#syncSeconds = components.meter.histogram({
      name: 'eastguard_journal_sync_seconds',
      help: 'Time of one sync of the journal',
      buckets: [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1],
    })
    this.#groupBytes = components.meter.histogram({
      name: 'eastguard_journal_group_bytes',
      help: 'Size of one group of the journal',
      buckets: [4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304],
    })
  }

  /** Always a fresh file: what recovery has cut cannot come back. */
  static async open(
    settings: JournalSettings,
    components: { readonly clock: Clock; readonly meter: Meter; readonly pool: FilePool; readonly hooks: JournalHooks },
    header: JournalHeader,
    acknowledgeAt: AcknowledgeAt,
  ): Promise<Journal> {
    const file = await components.pool.take(header)
    components.pool.prepare()
    return new Journal(settings, components, { header, file, acknowledgeAt })
  }

  get files(): readonly JournalFile[] {
    return this.#files
  }

  /** Goes with the next group. @param entry its payload is borrowed until it is told */
  push(entry: JournalEntry): void {
    if (this.#aborted !== undefined) return entry.refused(this.#aborted.error)
    this.#core.push(entry)
    this.#running ??= this.#run()
  }

  /** Goes with the next group that something else causes; replaces the segment's earlier one. */
  ride(key: string, entry: JournalEntry): void {
    this.#core.ride(key, entry)
  }

  unride(key: string): void {
    this.#core.unride(key)
  }

  /** Recycles the files below the watermark. */
  async release(watermark: number): Promise<void> {
    const released = releasableFiles(this.#files, watermark)
    if (released.length === 0) return
    this.#files = this.#files.slice(released.length)
    await this.#pool.give(released.map((file) => journalFileName(file.sequence)))
  }

  /** From now on nothing waits for room on the disk: what finds none, and all behind it, is refused with `error`. */
  hasten(error: unknown): void {
    this.#hastened ??= { error }
    this.#pause.wake()
  }

  /** H52: nothing is written or acknowledged any more; whoever waits is refused. */
  abort(error: unknown): void {
    if (this.#aborted !== undefined) return
    this.#aborted = { error }
    this.#stopped = true
    this.#pause.wake()
    for (const entry of this.#core.abandon()) entry.refused(error)
  }

  /** What is under way ends first; what is still queued is refused with `error`. Idempotent. */
  async close(error: unknown): Promise<void> {
    this.hasten(error)
    this.#stopped = true
    await this.#running
    this.abort(error)
    await this.#file.close()
  }

  async #run(): Promise<void> {
    try {
      await Promise.resolve() // what is pushed in the same turn goes into the same group
      for (;;) {
        const step = this.#stopped ? idle : this.#core.next()
        if (step.kind === 'idle') break
        if (step.kind === 'switch') await this.#switch(step)
        else await this.#write(step.group)
      }
    } catch (error) {
      if (this.#aborted === undefined) this.#hooks.failed(error) // aborts
    }
    // Nothing is awaited between the last look at the queue and this line: a later push starts a new loop.
    this.#running = undefined
  }

  async #write(group: Group<JournalEntry>): Promise<void> {
    const parts = this.#buffer.gather(group)
    await this.#writeAll(group.at, parts)
    if (this.#aborted !== undefined) return
    this.#core.written()
    this.groupCount++
    this.#groupBytes.observe(group.bytes)
    const startedAt = this.#clock.now()
    const synced = syncFile(this.#file, journalFileName(group.sequence))
    if (this.#acknowledgeAt === 'written') for (const { entry } of group.frames) entry.durable(group.durable)
    await synced
    if (this.#aborted !== undefined) return
    this.syncCount++
    this.#syncSeconds.observe((this.#clock.now() - startedAt) / 1000)
    const durable = this.#core.synced()
    // H53: nobody is told before the sync that covers it has returned.
    if (this.#acknowledgeAt === 'synced') for (const { entry, position } of durable) entry.durable(position)
  }

  /** Blocks are there in advance; where the file system still finds no room, the same bytes wait for it. */
  async #writeAll(at: number, parts: readonly Uint8Array[]): Promise<void> {
    while (this.#aborted === undefined) {
      try {
        return await this.#file.write(at, parts)
      } catch (error) {
        if (!isEastGuardError(error, 'EG_DISK_FULL')) throw error
        // Part of the group may be there: it was never synced, so the next start finds a torn tail.
        if (this.#hastened !== undefined) return this.abort(this.#hastened.error)
        if (this.#aborted === undefined) await this.#pause.sleep(this.#settings.diskPollMs)
      }
    }
  }

  async #switch(header: JournalHeader): Promise<void> {
    let file: DiskFile
    try {
      file = await this.#pool.take(header)
    } catch (error) {
      if (!isEastGuardError(error, 'EG_DISK_FULL')) throw error
      if (this.#aborted !== undefined) return
      const refused = this.#core.refuse()
      for (const entry of refused.toReversed()) entry.takeBack?.()
      for (const entry of refused) entry.refused(error)
      this.#hooks.refused(error)
      return
    }
    if (this.#aborted !== undefined) return await file.close()
    const before = this.#file
    this.#file = file
    this.#core.switched()
    this.#files.push({ sequence: header.sequence, base: header.base, bytes: this.#settings.journalFileBytes })
    await before.close()
    this.#pool.prepare()
    this.#hooks.switched()
  }
}
