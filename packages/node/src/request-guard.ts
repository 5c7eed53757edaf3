import { isIP } from 'node:net'

export interface RequestOrigin {
  /** Header `Origin`; only a web page sends one. */
  readonly origin: string | undefined
  /** Header `Host`; a browser always sends one. */
  readonly host: string | undefined
}

export interface Welcome {
  readonly origins: readonly string[]
  readonly hosts: readonly string[]
  /** Addresses of the listener: as it was configured, and as this connection reached it. */
  readonly own: readonly string[]
}

/**
 * Whether a request may pass (H70: a page in a browser on this machine reached the local port and deleted topics).
 *
 * A foreign `Origin` is a page of somebody else. A foreign `Host` is a name that somebody else points at this machine
 * (DNS rebinding): then page and port are one origin to the browser, and only the name tells.
 */
export function isWelcome(request: RequestOrigin, welcome: Welcome): boolean {
  if (request.origin !== undefined && !welcome.origins.includes(request.origin)) return false
  if (request.host === undefined) return true
  const host = hostName(request.host)
  return isLoopback(host) || [...welcome.hosts, ...welcome.own].some((known) => hostName(known) === host)
}

/** Without port, brackets and the root's dot; an IPv4 address in IPv6 clothes as IPv4. */
function hostName(header: string): string {
  const lower = header.toLowerCase()
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(lower)?.[1]
  const name = bracketed ?? (isIP(lower) === 6 ? lower : lower.replace(/:\d*$/, ''))
  return name.replace(/\.$/, '').replace(/^::ffff:(?=\d+\.)/, '')
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
