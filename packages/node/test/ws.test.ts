import { connect as connectTcp, type Socket } from 'node:net'
import {
  AbortSource,
  type Acceptor,
  type Connection,
  deferred,
  type Listener,
  type ListenOptions,
} from '@eastguard/kernel'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { WsNetwork } from '../src/ws.ts'

const options: ListenOptions = { path: '/v1', messageBytesMax: 1024 * 1024, origins: ['https://ok.example'], hosts: [] }
const anywhere = { host: '127.0.0.1', port: 0 }
const silent = { message() {}, drained() {}, closed() {} }

function listen(acceptor: Partial<Acceptor> = {}, network = new WsNetwork()): Promise<Listener> {
  return network.listen(anywhere, { connection: (connection) => connection.start(silent), ...acceptor }, options)
}

function url(listener: Listener, path = '/v1'): string {
  return `ws://127.0.0.1:${listener.address.port}${path}`
}

async function rawAnswer(listener: Listener, text: string): Promise<string> {
  const socket: Socket = connectTcp(listener.address.port, '127.0.0.1')
  socket.write(text)
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  return answer
}

describe('an HTTP request', () => {
  const request: Acceptor['request'] = async ({ path, query }) => {
    if (path === '/broken') throw new Error('broken')
    return { status: 200, type: 'text/plain', body: `${path} ${query.get('a')}` }
  }

  it('goes to the acceptor with path and query', async () => {
    await using listener = await listen({ request })
    const answer = await fetch(`http://127.0.0.1:${listener.address.port}/livez?a=1%202`)
    expect([answer.status, await answer.text()]).toEqual([200, '/livez 1 2'])
  })

  it('is refused when it is foreign, not a GET, unanswered or failing', async () => {
    await using listener = await listen({ request })
    await using plain = await listen()
    const base = `http://127.0.0.1:${listener.address.port}`
    const statusOf = async (answer: Promise<Response>): Promise<number> => (await answer).status
    expect(await statusOf(fetch(base, { headers: { Origin: 'https://evil.example' } }))).toBe(403)
    expect(await statusOf(fetch(base, { headers: { Origin: 'https://ok.example' } }))).toBe(200)
    expect(await statusOf(fetch(base, { method: 'POST', body: 'x' }))).toBe(405)
    expect(await statusOf(fetch(`${base}/broken`))).toBe(500)
    expect(await statusOf(fetch(`http://127.0.0.1:${plain.address.port}/livez`))).toBe(404)
    const rebound = 'GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n'
    expect(await rawAnswer(listener, rebound)).toMatch(/^HTTP\/1.1 403 /)
  })

  it('that is garbage gets a 400 and is closed', async () => {
    await using listener = await listen({ request })
    expect(await rawAnswer(listener, '\0\x01garbage\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /)
  })

  it('that never comes, or never ends, is cut', async () => {
    await using listener = await listen({ request }, new WsNetwork({ handshakeTimeoutMs: 100 }))
    expect(await rawAnswer(listener, '')).toMatch(/^(HTTP\/1.1 408 |$)/)
    expect(await rawAnswer(listener, 'GET / HTTP/1.1\r\nHost: loc')).toMatch(/^HTTP\/1.1 408 /)
  })
})

describe('a WebSocket', () => {
  it('of a foreign page or host is refused before it opens', async () => {
    let accepted = 0
    await using listener = await listen({ connection: () => accepted++ })
    const refusal = (headers: { [name: string]: string }, path?: string): Promise<string> =>
      new Promise((resolve) => {
        new WebSocket(url(listener, path), { headers }).on('error', (error) => resolve(error.message))
      })
    expect(await refusal({ Origin: 'https://evil.example' })).toContain('403')
    expect(await refusal({ Host: 'evil.example' })).toContain('403')
    expect(await refusal({}, '/v2')).toContain('404')
    expect(accepted).toBe(0)
  })

  it('that sends text is closed with 1003', async () => {
    const told = deferred<number>()
    await using listener = await listen({
      connection: (connection) => connection.start({ ...silent, closed: (reason) => told.resolve(reason.code) }),
    })
    const client = new WebSocket(url(listener))
    client.on('open', () => client.send('text'))
    const seen = new Promise((resolve) => client.on('close', resolve))
    expect([await told.promise, await seen]).toEqual([1003, 1003])
  })

  it('of ours has no compression, and masks of zeros', async () => {
    const bytes = deferred<Buffer>()
    const { createServer } = await import('node:net')
    const { createHash } = await import('node:crypto')
    let head = ''
    const server = createServer((socket) => {
      socket.once('data', (request) => {
        head = String(request)
        const key = /Sec-WebSocket-Key: (.*)\r\n/.exec(head)?.[1] ?? ''
        const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
        socket.on('data', bytes.resolve)
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
        )
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const connection = await dial(port)
    connection.start(silent)
    for (let i = 1; i <= 3; i++) connection.send([Uint8Array.of(i), Uint8Array.of(i)])
    const one = (i: number): number[] => [0x82, 0x82, 0, 0, 0, 0, i, i]
    // All three in one chunk: one write for one turn.
    expect([...(await bytes.promise)]).toEqual([...one(1), ...one(2), ...one(3)])
    expect(head).not.toMatch(/permessage-deflate/i)
    connection.destroy()
    server.close()
  })

  it('that never reads is cut one second after close', async () => {
    const accepted = deferred<Connection>()
    await using listener = await listen({ connection: accepted.resolve })
    const client = connectTcp(listener.address.port, '127.0.0.1')
    client.write(
      'GET /v1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    )
    const server = await accepted.promise
    const closed = deferred<void>()
    server.start({ ...silent, closed: () => closed.resolve() })
    for (let i = 0; i < 32; i++) server.send([new Uint8Array(1024 * 1024)])
    const start = performance.now()
    server.close(4000, 'enough')
    await closed.promise
    expect(performance.now() - start).toBeGreaterThan(900)
    expect(performance.now() - start).toBeLessThan(5000)
    client.destroy()
  })

  it('large parts, small parts and mixed ones arrive as one message', async () => {
    const received = deferred<Uint8Array>()
    await using listener = await listen({
      connection: (connection) => connection.start({ ...silent, message: (bytes) => received.resolve(bytes.slice()) }),
    })
    const client = await dial(listener.address.port)
    client.start(silent)
    const parts = [1, 40_000, 2, 3, 0, 20_000, 5].map((length, i) => new Uint8Array(length).fill(i + 1))
    client.send(parts)
    expect(Buffer.compare(await received.promise, Buffer.concat(parts))).toBe(0)
    expect(received.promise).not.toBeInstanceOf(Buffer)
    client.destroy()
  })
})

describe('connecting', () => {
  it('to nobody is EG_UNREACHABLE', async () => {
    const listener = await listen()
    await listener[Symbol.asyncDispose]()
    await expect(dial(listener.address.port)).rejects.toMatchObject({ code: 'EG_UNREACHABLE', remedy: 'retry' })
  })

  it('to a peer that never answers can be aborted, and gives up by itself', async () => {
    const { createServer } = await import('node:net')
    const server = createServer(() => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const source = new AbortSource()
    const aborted = dial(port, source)
    source.abort(undefined)
    await expect(aborted).rejects.toMatchObject({ code: 'EG_ABORTED' })
    await expect(dial(port, new AbortSource(), new WsNetwork({ handshakeTimeoutMs: 50 }))).rejects.toMatchObject({
      code: 'EG_UNREACHABLE',
    })
    server.close()
  })

  it('an address that is not here is EG_ADDRESS_UNAVAILABLE', async () => {
    const at = { host: '192.0.2.1', port: 0 }
    const unavailable = { code: 'EG_ADDRESS_UNAVAILABLE', remedy: 'fix-call' }
    await expect(new WsNetwork().listen(at, { connection() {} }, options)).rejects.toMatchObject(unavailable)
    await expect(new WsNetwork().bindDatagram(at, () => {})).rejects.toMatchObject(unavailable)
  })
})

function dial(port: number, source = new AbortSource(), network = new WsNetwork()): Promise<Connection> {
  return network.connect(
    { host: '127.0.0.1', port },
    { path: '/v1', messageBytesMax: 1024 * 1024, signal: source.signal },
  )
}
