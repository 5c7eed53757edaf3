import type { Random } from '@eastguard/kernel'

export interface BackoffSettings {
  /** First delay at most, ms. Shorter finds a restarted broker sooner; longer spares a starting one. */
  readonly firstMs: number
  /** No delay is longer, ms. */
  readonly maxMs: number
}

/**
 * Capped, jittered, doubling delays between attempts. Each delay is drawn from the upper half of its step, so that
 * clients that lost a broker together do not come back together, and none comes back at once.
 */
export class Backoff {
  readonly #settings: BackoffSettings
  readonly #random: Random
  #stepMs: number

  constructor(settings: BackoffSettings, random: Random) {
    this.#settings = settings
    this.#random = random
    this.#stepMs = settings.firstMs
  }

  /** The delay before the next attempt, ms; the one after it is longer. */
  nextMs(): number {
    const step = this.#stepMs
    this.#stepMs = Math.min(step * 2, this.#settings.maxMs)
    return step / 2 + (step / 2) * this.#random.unit()
  }

  /** After a success. */
  reset(): void {
    this.#stepMs = this.#settings.firstMs
  }
}
