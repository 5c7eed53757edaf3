import type { Clock } from '@eastguard/kernel'

/** Waits between two tries, and can be cut short: a stop must not wait for a timer. */
export class Pause {
  readonly #clock: Clock
  readonly #wakes = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel()
        this.#wakes.delete(wake)
        resolve()
      }
      const timer = this.#clock.setTimer(delayMs, wake)
      this.#wakes.add(wake)
    })
  }

  /** Everybody who sleeps looks again now. */
  wake(): void {
    for (const wake of [...this.#wakes]) wake()
  }
}
