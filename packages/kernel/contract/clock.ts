import type { Clock } from '../src/index.ts'
import { type ContractCase, holds, same } from './check.ts'

export interface ClockSubject {
  readonly clock: Clock
  /** Lets at least so many milliseconds pass, and the timers that became due run. */
  pass(durationMs: number): Promise<void>
}

export const clockCases: readonly ContractCase<ClockSubject>[] = [
  {
    name: 'monotonic time moves forwards, wall time is a whole number',
    async run({ clock, pass }) {
      const before = clock.now()
      await pass(5)
      holds(clock.now() >= before + 4.9, 'five milliseconds have passed')
      holds(Number.isSafeInteger(clock.wallTime()), 'wall time is an integer')
    },
  },
  {
    name: 'a timer never runs inside setTimer, and runs once, not early',
    async run({ clock, pass }) {
      let runs = 0
      const start = clock.now()
      clock.setTimer(5, () => {
        runs++
        holds(clock.now() - start >= 4.9, 'the timer was not early')
      })
      clock.setTimer(0, () => runs++)
      clock.setTimer(-1, () => runs++)
      same(runs, 0, 'nothing ran inside setTimer')
      await pass(20)
      await pass(20)
      same(runs, 3, 'each timer ran once')
    },
  },
  {
    name: 'a cancelled timer does not run, and cancel is idempotent',
    async run({ clock, pass }) {
      let runs = 0
      const timer = clock.setTimer(1, () => runs++)
      timer.cancel()
      timer.cancel()
      const second = clock.setTimer(1, () => {
        runs++
        second.cancel()
      })
      await pass(10)
      same(runs, 1, 'only the timer that was left ran')
    },
  },
  {
    name: 'timers run in the order of their times',
    async run({ clock, pass }) {
      const order: number[] = []
      for (const delayMs of [30, 1, 15]) clock.setTimer(delayMs, () => order.push(delayMs))
      await pass(60)
      same(order, [1, 15, 30], 'order')
    },
  },
]
