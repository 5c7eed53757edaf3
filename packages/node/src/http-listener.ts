import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Acceptor, Address, Listener, ListenOptions } from '@eastguard/kernel'
import { WebSocketServer } from 'ws'
import { asAddressError } from './address-error.ts'
import { isWelcome } from './request-guard.ts'
import { WsConnection, webSocketOptions } from './ws-connection.ts'

/** One HTTP server: WebSocket upgrades on one path, GET requests on all others. */
export class HttpListener implements Listener {
  readonly #accept: Acceptor
  readonly #options: ListenOptions
  readonly #server: Server
  readonly #upgrader: WebSocketServer
  readonly #connections = new Set<WsConnection>()
  readonly #host: string
  #port = 0
  #closed: Promise<void> | undefined

  private constructor(at: Address, accept: Acceptor, options: ListenOptions, handshakeTimeoutMs: number) {
    this.#accept = accept
    this.#options = options
    this.#host = at.host
    this.#server = createServer({
      // A client that sends nothing, or its headers byte by byte, is cut.
      headersTimeout: handshakeTimeoutMs,
      requestTimeout: handshakeTimeoutMs,
      connectionsCheckingInterval: Math.ceil(handshakeTimeoutMs / 10),
    })
    this.#upgrader = new WebSocketServer({
      ...webSocketOptions(options.messageBytesMax),
      noServer: true,
      clientTracking: false,
    })
    this.#server.on('request', (request, response) => void this.#answer(request, response))
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    )
  }

  /** @throws EG_ADDRESS_IN_USE, EG_ADDRESS_UNAVAILABLE (fix-call) */
  static async open(
    at: Address,
    accept: Acceptor,
    options: ListenOptions,
    handshakeTimeoutMs: number,
  ): Promise<HttpListener> {
    const listener = new HttpListener(at, accept, options, handshakeTimeoutMs)
    const server = listener.#server
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(asAddressError(at, error)))
      server.listen({ host: at.host, port: at.port, exclusive: true }, resolve)
    })
    // A server that listens on TCP has an AddressInfo.
    listener.#port = (server.address() as AddressInfo).port
    return listener
  }

  get address(): Address {
    return { host: this.#host, port: this.#port }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#server.close(() => resolve())
      for (const connection of this.#connections) connection.destroy()
      this.#server.closeAllConnections()
    })
    return this.#closed
  }

  #upgrade(request: IncomingMessage, duplex: Duplex, head: Buffer): void {
    const socket = duplex as Socket // of a plain HTTP server, says Node's documentation
    socket.on('error', () => {}) // a client that breaks off during its handshake hurts nobody
    const status = !this.#welcomes(request) ? 403 : pathOf(request) !== this.#options.path ? 404 : 101
    if (status !== 101) {
      socket.once('finish', () => socket.destroy())
      socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    this.#upgrader.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new WsConnection(webSocket, socket)
      this.#connections.add(connection)
      webSocket.once('close', () => this.#connections.delete(connection))
      if (this.#closed !== undefined) connection.destroy()
      this.#accept.connection(connection)
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [status, type, body] = await this.#respond(request)
    // Not GET: whatever body follows is not read.
    response.writeHead(status, { 'Content-Type': type, ...(status === 405 ? { Connection: 'close' } : {}) })
    response.end(body)
  }

  async #respond(request: IncomingMessage): Promise<readonly [status: number, type: string, body: string]> {
    if (!this.#welcomes(request)) return plain(403)
    if (request.method !== 'GET') return plain(405)
    if (this.#accept.request === undefined) return plain(404)
    try {
      const query = new Map(new URLSearchParams(/\?(.*)/.exec(request.url ?? '')?.[1] ?? ''))
      const { status, type, body } = await this.#accept.request({ path: pathOf(request), query })
      return [status, type, body]
    } catch {
      return plain(500) // the owner of `request` reports its own errors; the caller learns that there was one
    }
  }

  #welcomes(request: IncomingMessage): boolean {
    const own = [this.#host, ...(request.socket.localAddress === undefined ? [] : [request.socket.localAddress])]
    const { origin, host } = request.headers
    return isWelcome({ origin, host }, { origins: this.#options.origins, hosts: this.#options.hosts, own })
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').replace(/\?.*/, '')
}

function plain(status: number): readonly [status: number, type: string, body: string] {
  return [status, 'text/plain; charset=utf-8', `${STATUS_CODES[status]}\n`]
}
