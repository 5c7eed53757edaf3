import type { Clock, Timer } from '@eastguard/kernel'

/** Node truncates what does not fit 31 bits to 1 ms: a longer timer goes in steps. */
const timeoutMsMax = 2 ** 31 - 1

export class NodeClock implements Clock {
  now(): number {
    return performance.now()
  }

  wallTime(): number {
    return Date.now()
  }

  setTimer(delayMs: number, run: () => void): Timer {
    const due = performance.now() + Math.max(0, delayMs)
    let handle: NodeJS.Timeout
    const arm = (): void => {
      // Node may fire a fraction early; a timer of the port never does.
      const left = due - performance.now()
      handle = setTimeout(left > timeoutMsMax ? arm : fire, Math.min(Math.ceil(left), timeoutMsMax))
    }
    const fire = (): void => {
      if (performance.now() < due) arm()
      else run()
    }
    arm()
    return { cancel: () => clearTimeout(handle) }
  }
}
