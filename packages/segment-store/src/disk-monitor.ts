import type { Clock, Disk, Logger } from '@eastguard/kernel'
import type { DiskState } from './answers.ts'
import { type DiskLimits, judgeDisk } from './disk-watermark.ts'

/** Knows how full the disk is, by looking at most once per period, and only while somebody asks. */
export class DiskMonitor {
  readonly #disk: Disk
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #limits: DiskLimits & { readonly diskPollMs: number }
  #lookedAt: number | undefined
  #looking: Promise<void> | undefined
  #closed = false
  state: DiskState = 'ok'

  constructor(
    components: { readonly disk: Disk; readonly clock: Clock; readonly logger: Logger },
    limits: DiskLimits & { readonly diskPollMs: number },
  ) {
    this.#disk = components.disk
    this.#clock = components.clock
    this.#logger = components.logger
    this.#limits = limits
  }

  /** @returns true when a period has passed and a new look has begun: a good moment to try again what did not fit */
  tick(): boolean {
    const now = this.#clock.now()
    const due = this.#lookedAt === undefined || now - this.#lookedAt >= this.#limits.diskPollMs
    if (!due || this.#looking !== undefined || this.#closed) return false
    this.#lookedAt = now
    this.#looking = this.look()
    return true
  }

  async look(): Promise<void> {
    this.#lookedAt = this.#clock.now()
    try {
      const space = await this.#disk.space()
      const state = judgeDisk(space, this.#limits)
      if (state !== this.state) this.#logger.warn('disk state changed', { from: this.state, to: state, ...space })
      this.state = state
    } catch (error) {
      // Not knowing is no reason to refuse: the writes themselves will tell.
      this.#logger.warn('disk space is unknown', { reason: error instanceof Error ? error.message : String(error) })
    } finally {
      this.#looking = undefined
    }
  }

  /** No new look; the one under way ends first. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#looking
  }
}
