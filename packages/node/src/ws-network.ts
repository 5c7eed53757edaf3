import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'
import {
  type Acceptor,
  type Address,
  abortReason,
  type Connection,
  type ConnectOptions,
  type DatagramSocket,
  EastGuardError,
  type Listener,
  type ListenOptions,
  type Network,
  throwIfAborted,
} from '@eastguard/kernel'
import { WebSocket } from 'ws'
import { bindDatagram } from './datagram.ts'
import { HttpListener } from './http-listener.ts'
import { WsConnection, webSocketOptions } from './ws-connection.ts'

export interface WsNetworkSettings {
  /** A peer that has not finished its handshake after this long is cut. Milliseconds, default 10,000. */
  readonly handshakeTimeoutMs?: number
}

/** Message connections as WebSockets without compression and without masking, datagrams as UDP. */
export class WsNetwork implements Network {
  readonly #handshakeTimeoutMs: number

  constructor(settings: WsNetworkSettings = {}) {
    this.#handshakeTimeoutMs = settings.handshakeTimeoutMs ?? 10_000
  }

  listen(at: Address, accept: Acceptor, options: ListenOptions): Promise<Listener> {
    return HttpListener.open(at, accept, options, this.#handshakeTimeoutMs)
  }

  async connect(to: Address, options: ConnectOptions): Promise<Connection> {
    throwIfAborted(options.signal)
    const webSocket = new WebSocket(`ws://${isIPv6(to.host) ? `[${to.host}]` : to.host}:${to.port}${options.path}`, {
      ...webSocketOptions(options.messageBytesMax),
      handshakeTimeout: this.#handshakeTimeoutMs,
      // Masks protect proxies from what a page in a browser makes it send. This is no browser, and a mask of
      // zeros costs nothing.
      generateMask: (mask) => void mask.fill(0),
    })
    const onAbort = (): void => webSocket.terminate()
    options.signal.addEventListener('abort', onAbort)
    try {
      return await opened(webSocket, to)
    } catch (error) {
      if (options.signal.aborted) throw abortReason(options.signal)
      throw error
    } finally {
      options.signal.removeEventListener('abort', onAbort)
    }
  }

  bindDatagram(at: Address, receive: (bytes: Uint8Array, from: Address) => void): Promise<DatagramSocket> {
    return bindDatagram(at, receive)
  }
}

function opened(webSocket: WebSocket, to: Address): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let response: IncomingMessage | undefined
    webSocket.once('upgrade', (answer) => {
      response = answer
    })
    const onError = (error: Error): void => reject(unreachable(to, error))
    webSocket.on('error', onError)
    webSocket.once('open', () => {
      // `open` follows `upgrade`, in the same turn: the response is there and nothing was delivered yet.
      const { socket } = response as IncomingMessage
      resolve(new WsConnection(webSocket, socket))
      webSocket.off('error', onError)
    })
  })
}

function unreachable(to: Address, cause: Error): EastGuardError {
  return new EastGuardError({
    code: 'EG_UNREACHABLE',
    remedy: 'retry',
    message: `${to.host}:${to.port} cannot be reached: ${cause.message || 'no answer'}`,
    facts: { host: to.host, port: to.port },
    cause,
  })
}
