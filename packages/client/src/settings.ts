import type { Address } from '@eastguard/kernel'
import { codedError } from '@eastguard/protocol'

/** What `connect` takes. */
export interface ClientSettings {
  /** Brokers to ask first, `host:port` (port 2921 unless said); one that answers is enough. */
  readonly seeds: readonly string[]
  /** Shown in the brokers' logs; up to 200 characters. Default empty. */
  readonly clientId?: string
  /** Until the first broker has answered, ms; then `connect` rejects. Default 10,000. */
  readonly connectTimeoutMs?: number
  /** Of an admin call, and of every question that producers and readers ask by themselves, ms. Default 30,000. */
  readonly callTimeoutMs?: number
  /** First delay after a lost connection, ms, doubling up to `reconnectMaxMs`. Default 50. */
  readonly reconnectFirstMs?: number
  /** Longest delay between attempts, ms. Longer spares the network, and finds a broker later. Default 2,000. */
  readonly reconnectMaxMs?: number
  /**
   * A connection on which something is awaited and nothing came for this long is asked for a sign of life, and ended
   * when none comes in the same time again, ms. Shorter finds half-open connections sooner. Default 10,000.
   */
  readonly probeIntervalMs?: number
}

export interface ResolvedSettings {
  readonly seeds: readonly Address[]
  readonly clientId: string
  readonly connectTimeoutMs: number
  readonly callTimeoutMs: number
  readonly reconnectFirstMs: number
  readonly reconnectMaxMs: number
  readonly probeIntervalMs: number
}

export const defaultPort = 2921

/** @throws EG_INVALID_ARGUMENT (fix-call) */
export function resolveSettings(settings: ClientSettings): ResolvedSettings {
  const seeds = settings.seeds.map(parseAddress)
  if (seeds.length === 0) throw codedError('EG_INVALID_ARGUMENT', 'seeds is empty; name at least one broker')
  const reconnectFirstMs = boundedNumber('reconnectFirstMs', settings.reconnectFirstMs ?? 50, { min: 1, max: 60_000 })
  return {
    seeds,
    clientId: settings.clientId ?? '',
    connectTimeoutMs: boundedNumber('connectTimeoutMs', settings.connectTimeoutMs ?? 10_000, { min: 1, max: dayMs }),
    callTimeoutMs: boundedNumber('callTimeoutMs', settings.callTimeoutMs ?? 30_000, { min: 1, max: dayMs }),
    reconnectFirstMs,
    reconnectMaxMs: boundedNumber('reconnectMaxMs', settings.reconnectMaxMs ?? Math.max(2000, reconnectFirstMs), {
      min: reconnectFirstMs,
      max: 600_000,
    }),
    probeIntervalMs: boundedNumber('probeIntervalMs', settings.probeIntervalMs ?? 10_000, { min: 1, max: dayMs }),
  }
}

const dayMs = 86_400_000

/** @throws EG_INVALID_ARGUMENT (fix-call) naming the setting, the value and its bounds */
export function boundedNumber(
  name: string,
  value: number,
  bounds: { readonly min: number; readonly max: number },
): number {
  if (Number.isSafeInteger(value) && value >= bounds.min && value <= bounds.max) return value
  throw codedError(
    'EG_INVALID_ARGUMENT',
    `${name} is ${value}; it must be a whole number from ${bounds.min} to ${bounds.max}`,
    { name, value, min: bounds.min, max: bounds.max },
  )
}

/** `host:port`, `host`, `[v6]:port`, or with `ws://` before it. @throws EG_INVALID_ARGUMENT (fix-call) */
export function parseAddress(text: string): Address {
  const match = /^(?:ws:\/\/)?(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?\/?$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = match?.[3] === undefined ? defaultPort : Number(match[3])
  if (host === undefined || port < 1 || port > 65_535) {
    throw codedError('EG_INVALID_ARGUMENT', `seed ${JSON.stringify(text)} is not host:port`, { seed: text })
  }
  return { host, port }
}
