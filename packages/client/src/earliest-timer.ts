import type { Clock, Timer } from '@eastguard/kernel'

/** One timer for many dates: it runs at the earliest that it was told since it last ran. */
export class EarliestTimer {
  readonly #clock: Clock
  readonly #run: (now: number) => void
  #armed: { readonly at: number; readonly timer: Timer } | undefined

  constructor(clock: Clock, run: (now: number) => void) {
    this.#clock = clock
    this.#run = run
  }

  /** @param at time of the clock */
  arm(at: number): void {
    if (this.#armed !== undefined && this.#armed.at <= at) return
    this.#armed?.timer.cancel()
    const timer = this.#clock.setTimer(at - this.#clock.now(), () => {
      this.#armed = undefined
      this.#run(this.#clock.now())
    })
    this.#armed = { at, timer }
  }

  cancel(): void {
    this.#armed?.timer.cancel()
    this.#armed = undefined
  }
}
