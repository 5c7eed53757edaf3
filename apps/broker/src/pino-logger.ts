import type { Facts, Logger } from '@eastguard/kernel'
import { type DestinationStream, type Logger as Pino, pino } from 'pino'
import { PinoPretty } from 'pino-pretty'

export interface PinoLoggerOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly format: 'json' | 'text'
  /** Where the lines go; the process's standard error unless given. */
  readonly destination?: DestinationStream
}

/** Kernel's Logger on pino: the event is the message, facts are fields. */
export function pinoLogger(options: PinoLoggerOptions): Logger {
  const destination =
    options.format === 'text'
      ? PinoPretty({
          sync: true,
          ignore: 'pid,hostname',
          translateTime: 'SYS:HH:MM:ss.l',
          destination: options.destination ?? 2,
        })
      : (options.destination ?? pino.destination({ dest: 2, sync: true }))
  return wrap(pino({ level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination))
}

function wrap(target: Pino): Logger {
  return {
    debug: (event, facts) => target.debug(facts ?? {}, event),
    info: (event, facts) => target.info(facts ?? {}, event),
    warn: (event, facts) => target.warn(facts ?? {}, event),
    error: (event, facts) => target.error(facts ?? {}, event),
    child: (facts: Facts) => wrap(target.child(facts)),
  }
}
