import type { Facts } from './error.ts'

/** Events as data: `logger.info('segment sealed', { segment, end })`. Drivers log; cores do not. */
export interface Logger {
  debug(event: string, facts?: Facts): void
  info(event: string, facts?: Facts): void
  warn(event: string, facts?: Facts): void
  error(event: string, facts?: Facts): void
  /** A logger that adds `facts` to each of its events. */
  child(facts: Facts): Logger
}

export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
}
