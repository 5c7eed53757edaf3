/**
 * Calls `stop` at the first SIGTERM or SIGINT. The second one ends the process at once, with 128 plus the signal's
 * number, as a shell expects of a process that a signal ended.
 */
export function onStopSignal(stop: (signal: 'SIGTERM' | 'SIGINT') => void): void {
  let stopping = false
  for (const [signal, number] of [
    ['SIGTERM', 15],
    ['SIGINT', 2],
  ] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(128 + number)
      stopping = true
      stop(signal)
    })
  }
}
