import type { Clock, Timer } from '@eastguard/kernel'

/** Runs `commit` every `everyMs`, the next time only after the last has ended, until it is stopped. */
export class TimeKeeper {
  readonly #clock: Clock
  readonly #everyMs: number
  readonly #commit: () => Promise<void>
  #timer: Timer | undefined
  #stopped = false

  constructor(clock: Clock, everyMs: number, commit: () => Promise<void>) {
    this.#clock = clock
    this.#everyMs = everyMs
    this.#commit = commit
    this.#arm()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #arm(): void {
    if (this.#stopped) return
    this.#timer = this.#clock.setTimer(this.#everyMs, () => {
      void this.#commit().finally(() => this.#arm()) // `commit` handles its own errors
    })
  }
}
