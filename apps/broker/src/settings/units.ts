// Text forms of sizes, durations and addresses, as flags, environment and YAML give them.

const sizeUnits: { readonly [unit: string]: number } = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
}

const durationUnits: { readonly [unit: string]: number } = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** `64MiB`, `1.5GB`, `4096` → bytes; undefined when it is none. */
export function parseBytes(text: string): number | undefined {
  return parseUnit(text, sizeUnits)
}

/** `500ms`, `5s`, `7d` → ms; a bare number counts ms; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  return parseUnit(text, { ...durationUnits, '': 1 })
}

export type HostPort = { readonly host: string; readonly port: number }

/** `host:port`, `[::1]:2921`, `:2921` (loopback); undefined when it is none. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text.trim())
  if (match === null) return undefined
  const port = Number(match[3])
  if (port > 65_535) return undefined
  return { host: match[1] ?? (match[2] === '' ? '127.0.0.1' : (match[2] ?? '127.0.0.1')), port }
}

export function printHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

export function printBytes(bytes: number): string {
  for (const [unit, size] of [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const) {
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`
  }
  return String(bytes)
}

export function printDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const size = durationUnits[unit] as number // the table has every unit of this list
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`
  }
  return `${ms}ms`
}

function parseUnit(text: string, units: { readonly [unit: string]: number }): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim())
  if (match === null) return undefined
  const size = units[(match[2] as string).toLowerCase()] // the group is always there, perhaps empty
  if (size === undefined) return undefined
  const value = Number(match[1]) * size
  return Number.isSafeInteger(value) ? value : undefined
}
