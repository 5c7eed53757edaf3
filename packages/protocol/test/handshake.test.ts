import { describe, expect, it } from 'vitest'
import {
  BrokerHandshake,
  type BrokerIdentity,
  ClientHandshake,
  chooseLimits,
  encodeFrame,
  type Frame,
  type Hello,
  helloBytesMax,
  kinds,
  splitMessage,
} from '../src/index.ts'

const identity: BrokerIdentity = {
  clusterId: 'c'.repeat(32),
  brokerId: 'b'.repeat(32),
  bootId: 3,
  software: 'eastguard 0.1.0',
  features: ['gzip', 'zstd'],
  limits: chooseLimits(),
}
const hello: Hello = { versions: [1], clientId: 'test', software: 'test 1', features: ['gzip', 'lz4'] }

function frameOf(parts: readonly Uint8Array[]): Frame {
  const [frame] = splitMessage(new Uint8Array(Buffer.concat(parts)), helloBytesMax)
  if (frame === undefined) throw new Error('no frame')
  return frame
}

/** What the client makes of the broker's answer to `frame`. */
function exchange(changed: Partial<Hello>) {
  const client = new ClientHandshake({ ...hello, ...changed }, { now: 0 })
  const broker = new BrokerHandshake(identity, 0)
  const answers = broker.receive(frameOf(client.start()))
  const sent = answers.find((effect) => effect.kind === 'send')
  if (sent?.kind !== 'send') throw new Error('nothing sent')
  return { client, broker, answers, result: client.receive(frameOf(sent.parts))[0] }
}

describe('handshake', () => {
  it('ends with what both sides know of each other', () => {
    const { client, broker, answers, result } = exchange({})
    expect(answers[1]).toMatchObject({ kind: 'ready', peer: { version: 1, hello: { clientId: 'test' } } })
    expect(result).toMatchObject({
      kind: 'ready',
      peer: { version: 1, brokerId: identity.brokerId, bootId: 3, features: ['gzip'], limits: identity.limits },
    })
    expect([client.isReady, broker.isReady]).toEqual([true, true])
  })

  it('refuses a client that wants another cluster, and says so', () => {
    const { answers, result } = exchange({ clusterId: 'd'.repeat(32) })
    expect(answers[1]).toMatchObject({ kind: 'close', error: { code: 'EG_WRONG_CLUSTER' } })
    expect(result).toMatchObject({ kind: 'close', error: { code: 'EG_WRONG_CLUSTER', remedy: 'fix-call' } })
  })

  it('refuses a client that speaks no common version', () => {
    expect(exchange({ versions: [7, 9] }).result).toMatchObject({
      kind: 'close',
      error: { code: 'EG_UNSUPPORTED_VERSION' },
    })
  })

  it('takes the version that both speak from a newer client', () => {
    expect(exchange({ versions: [9, 1] }).result).toMatchObject({ kind: 'ready', peer: { version: 1 } })
  })

  it('closes on anything before Hello', () => {
    const broker = new BrokerHandshake(identity, 0)
    const early = frameOf(encodeFrame({ kind: kinds.listTopics.number, stream: 1 }, new Uint8Array([0x80])))
    expect(broker.receive(early)).toMatchObject([
      { kind: 'send' },
      { kind: 'close', error: { code: 'EG_UNEXPECTED_FRAME' } },
    ])
    expect(broker.receive(early)).toEqual([])
  })

  it('closes on a malformed Hello', () => {
    const broker = new BrokerHandshake(identity, 0)
    const bad = frameOf(encodeFrame({ kind: kinds.hello.number, stream: 0 }, new Uint8Array([0xd4, 0xff, 0])))
    expect(broker.receive(bad)[1]).toMatchObject({ kind: 'close', error: { code: 'EG_MALFORMED' } })
  })

  it('times out on both sides, at the deadline and not before', () => {
    const broker = new BrokerHandshake({ ...identity, limits: chooseLimits({ helloTimeoutMs: 50 }) }, 100)
    expect(broker.tick(149)).toEqual([])
    expect(broker.tick(150)).toMatchObject([{ kind: 'send' }, { kind: 'close', error: { code: 'EG_TIMEOUT' } }])
    const client = new ClientHandshake(hello, { now: 100, timeoutMs: 50 })
    expect(client.tick(149)).toEqual([])
    expect(client.tick(150)).toMatchObject([{ kind: 'close', error: { code: 'EG_TIMEOUT' } }])
  })
})
