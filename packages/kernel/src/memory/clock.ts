import { invariant } from '../invariant.ts'
import type { Clock, Timer } from '../ports.ts'

interface Entry {
  readonly at: number
  readonly run: () => void
}

/** Stands still until it is moved. Timers run inside `advance`, by time, those of one time as they were set. */
export class MemoryClock implements Clock {
  readonly #timers = new Set<Entry>() // in the order in which they were set
  #now = 0
  #wallOffset: number

  /** @param wallTime milliseconds since 1970 at the start */
  constructor(wallTime = 0) {
    this.#wallOffset = wallTime
  }

  now(): number {
    return this.#now
  }

  wallTime(): number {
    return Math.floor(this.#now + this.#wallOffset)
  }

  setTimer(delayMs: number, run: () => void): Timer {
    invariant(!Number.isNaN(delayMs), 'a delay is a number')
    const entry = { at: this.#now + Math.max(0, delayMs), run }
    this.#timers.add(entry)
    return { cancel: () => void this.#timers.delete(entry) }
  }

  /** Timers that are set and have not run: a closed driver leaves none behind. */
  get timerCount(): number {
    return this.#timers.size
  }

  /** Time of `now()` at which the next timer runs. */
  get nextTimerAt(): number | undefined {
    return this.#next()?.at
  }

  /** Lets `durationMs` pass, running every timer that becomes due, those that timers set included. */
  advance(durationMs: number): void {
    invariant(durationMs >= 0, 'time moves forwards', { durationMs })
    const end = this.#now + durationMs
    for (let entry = this.#next(); entry !== undefined && entry.at <= end; entry = this.#next()) {
      this.#timers.delete(entry)
      this.#now = entry.at
      entry.run()
    }
    this.#now = end
  }

  /** The wall clock jumps; monotonic time and timers do not notice. */
  setWallTime(wallTime: number): void {
    this.#wallOffset = wallTime - this.#now
  }

  #next(): Entry | undefined {
    let first: Entry | undefined
    for (const entry of this.#timers) if (first === undefined || entry.at < first.at) first = entry
    return first
  }
}
