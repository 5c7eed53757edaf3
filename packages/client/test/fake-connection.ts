import type { Connection, EastGuardError } from '@eastguard/kernel'
import {
  BrokerHandshake,
  decodeAppend,
  decodeClose,
  decodeOpenConsume,
  decodeOpenProduce,
  decodeProgress,
  encodeAppendAck,
  encodeClose,
  encodeConsumeOpened,
  encodeError,
  encodeFrame,
  encodeIdle,
  encodeMoved,
  encodeProduceOpened,
  encodeRecords,
  type Frame,
  helloBytesMax,
  isUnaryKind,
  type Kind,
  kindOf,
  kinds,
  splitMessage,
  toErrorBody,
  type UnaryKind,
  unaryCodecs,
} from '@eastguard/protocol'
import type { FakeBroker } from './fake-broker.ts'

type ProduceState = {
  readonly kind: 'produce'
  readonly topic: string
  readonly range: number
  next: number
  acked: number
  /** It stored a batch without a word: acknowledgements are cumulative, so none follows. */
  isSilent: boolean
  /** It ignored a batch: what follows has no place. */
  isDeaf: boolean
  /** Stored, and not acknowledged yet. */
  readonly receipts: { readonly baseOffset: number; readonly appendTime: number }[]
}
type ConsumeState = {
  readonly kind: 'consume'
  readonly topic: string
  readonly range: number
  next: number
  takenBelow: number
  windowBytes: number
  readonly underWay: { readonly end: number; readonly bytes: number }[]
}

const bootId = 1

export class FakeConnection {
  readonly #broker: FakeBroker
  readonly #connection: Connection
  readonly #handshake: BrokerHandshake
  readonly #sessions = new Map<number, ProduceState | ConsumeState>()
  #gone = false

  constructor(broker: FakeBroker, connection: Connection) {
    this.#broker = broker
    this.#connection = connection
    const { clusterId, brokerId, limits } = broker
    this.#handshake = new BrokerHandshake(
      { clusterId, brokerId, bootId, software: 'fake', features: [], limits },
      broker.clock.now(),
    )
    connection.start({
      message: (bytes) => this.#message(bytes),
      drained() {},
      closed: () => {
        this.#gone = true
        broker.connections.delete(this)
      },
    })
    this.#armIdle()
  }

  send(kind: Kind, stream: number, body: Uint8Array | readonly Uint8Array[], flags = {}): void {
    if (this.#gone) return
    if (this.#broker.script.cut?.('out', this.#broker.counts.out++) === true) this.cut()
    else this.#connection.send(encodeFrame({ kind: kinds[kind].number, stream, ...flags }, body))
  }

  cut(): void {
    this.#gone = true
    this.#broker.connections.delete(this)
    this.#connection.destroy()
  }

  /** @param range only sessions of this range, where one is given */
  closeSessions(error: EastGuardError, range?: number): void {
    for (const [stream, session] of this.#sessions) {
      if (range !== undefined && session.range !== range) continue
      if (session.kind === 'produce') this.#sendAck(stream, session)
      const acceptedBelow = session.kind === 'produce' ? session.next : undefined
      this.send('close', stream, encodeClose({ ...toErrorBody(error), acceptedBelow }))
      this.#sessions.delete(stream)
    }
  }

  moveSessions(): void {
    for (const [stream, session] of this.#sessions) {
      if (session.kind === 'produce') this.#sendAck(stream, session)
      const acceptedBelow = session.kind === 'produce' ? session.next : undefined
      this.send('moved', stream, encodeMoved({ reason: 'rolled', acceptedBelow, next: [] }))
    }
    this.#sessions.clear()
  }

  #message(bytes: Uint8Array): void {
    const limit = this.#handshake.isReady ? this.#broker.limits.frameBytesMax : helloBytesMax
    for (const frame of splitMessage(bytes, limit)) {
      if (this.#gone) return
      if (this.#broker.script.cut?.('in', this.#broker.counts.in++) === true) this.cut()
      else if (this.#handshake.isReady) this.#frame(frame)
      else this.#greet(frame)
    }
  }

  #greet(frame: Frame): void {
    for (const effect of this.#handshake.receive(frame)) {
      if (effect.kind === 'close') this.#connection.close(1000, '')
      else if (effect.kind === 'send') {
        if (this.#broker.script.cut?.('out', this.#broker.counts.out++) === true) this.cut()
        else this.#connection.send(effect.parts)
      }
    }
  }

  #frame(frame: Frame): void {
    const kind = kindOf(frame.kind)
    if (kind === undefined) return
    if (isUnaryKind(kind)) void this.#call(kind, frame)
    else if (kind === 'openProduce') this.#openProduce(frame)
    else if (kind === 'append') this.#append(frame)
    else if (kind === 'openConsume') this.#openConsume(frame)
    else if (kind === 'progress') this.#progress(frame)
    else if (kind === 'close') {
      decodeClose(frame.body)
      this.#sessions.delete(frame.stream)
    }
  }

  async #call<K extends UnaryKind>(kind: K, frame: Frame): Promise<void> {
    if (this.#broker.script.deaf?.(kind) === true) return
    const codec = unaryCodecs[kind]
    const handlers = this.#broker.handlers
    try {
      const answer = await handlers[kind](codec.decodeRequest(frame.body), this.#broker)
      this.send(kind, frame.stream, codec.encodeAnswer(answer), { answer: true })
    } catch (error) {
      this.send(kind, frame.stream, encodeError(toErrorBody(error)), { answer: true, error: true })
    }
  }

  #refusal(kind: 'openProduce' | 'openConsume', topic: string, range: number): EastGuardError | undefined {
    try {
      this.#broker.range(topic, range)
    } catch (error) {
      return error as EastGuardError
    }
    return this.#broker.script.refuseOpen?.(kind, this.#broker.opens[kind]++)
  }

  #openProduce(frame: Frame): void {
    const { topic, range } = decodeOpenProduce(frame.body)
    const refusal = this.#refusal('openProduce', topic, range)
    if (refusal !== undefined) {
      this.send('produceOpened', frame.stream, encodeError(toErrorBody(refusal)), { answer: true, error: true })
      return
    }
    this.#sessions.set(frame.stream, {
      kind: 'produce',
      topic,
      range,
      next: 0,
      acked: 0,
      isSilent: false,
      isDeaf: false,
      receipts: [],
    })
    const { produceWindowBytes: windowBytes, produceWindowBatches: windowBatches } = this.#broker.limits
    this.send('produceOpened', frame.stream, encodeProduceOpened({ windowBytes, windowBatches, replicas: 1 }), {
      answer: true,
    })
  }

  #append(frame: Frame): void {
    const session = this.#sessions.get(frame.stream)
    if (session?.kind !== 'produce') return
    if (session.isDeaf) return
    const { sequence, batch } = decodeAppend(frame.body)
    if (sequence !== session.next) throw new Error(`append ${sequence}, ${session.next} is next`)
    const plan = this.#broker.script.append?.(this.#broker.appendCount) ?? 'store'
    this.#broker.appendCount++
    if (plan === 'ignore') session.isDeaf = true
    if (session.isDeaf) return
    if (typeof plan === 'object') {
      const acceptedBelow = plan.acceptedBelow === undefined ? undefined : session.next
      this.#sendAck(frame.stream, session)
      this.#sessions.delete(frame.stream)
      this.send('close', frame.stream, encodeClose({ ...toErrorBody(plan.refuse), acceptedBelow }))
      return
    }
    session.next++
    const stored = this.#broker.store(session.topic, session.range, batch)
    if (plan === 'storeSilently') session.isSilent = true
    if (session.isSilent) return
    this.#acknowledge(frame.stream, session, stored.base)
  }

  /** Acknowledgements of one turn go out as one. */
  #acknowledge(stream: number, session: ProduceState, baseOffset: number): void {
    session.receipts.push({ baseOffset, appendTime: this.#broker.clock.wallTime() })
    if (session.receipts.length > 1) return
    void Promise.resolve().then(() => this.#sendAck(stream, session))
  }

  #sendAck(stream: number, session: ProduceState): void {
    const receipts = session.receipts.splice(0)
    if (receipts.length === 0) return
    session.acked += receipts.length
    const { produceWindowBytes: windowBytes, produceWindowBatches: windowBatches } = this.#broker.limits
    this.send('appendAck', stream, encodeAppendAck({ below: session.acked, windowBytes, windowBatches, receipts }))
  }

  #openConsume(frame: Frame): void {
    const { topic, range, from, windowBytes } = decodeOpenConsume(frame.body)
    const refusal = this.#refusal('openConsume', topic, range)
    if (refusal !== undefined) {
      this.send('consumeOpened', frame.stream, encodeError(toErrorBody(refusal)), { answer: true, error: true })
      return
    }
    const kept = this.#broker.range(topic, range)
    const next = Math.max(from, kept.start)
    this.#sessions.set(frame.stream, {
      kind: 'consume',
      topic,
      range,
      next,
      takenBelow: next,
      windowBytes,
      underWay: [],
    })
    const opened = encodeConsumeOpened({ startOffset: next, committedEnd: kept.end })
    this.send('consumeOpened', frame.stream, opened, { answer: true })
    this.push()
  }

  #progress(frame: Frame): void {
    const session = this.#sessions.get(frame.stream)
    if (session?.kind !== 'consume') return
    const { takenBelow, windowBytes } = decodeProgress(frame.body)
    if (takenBelow > session.next) throw new Error(`taken below ${takenBelow}, sent ${session.next}`)
    session.takenBelow = takenBelow
    session.windowBytes = windowBytes
    this.push()
  }

  /** Sends what the windows allow, a batch per frame. */
  push(): void {
    for (const [stream, session] of this.#sessions) {
      if (session.kind !== 'consume') continue
      const kept = this.#broker.range(session.topic, session.range)
      for (const { bytes, base, count } of kept.batches) {
        if (base + count <= session.next) continue
        while (session.underWay[0] !== undefined && session.underWay[0].end <= session.takenBelow)
          session.underWay.shift()
        const sum = session.underWay.reduce((total, sent) => total + sent.bytes, 0)
        if (session.underWay.length > 0 && sum + bytes.length > session.windowBytes) break
        session.underWay.push({ end: base + count, bytes: bytes.length })
        session.next = base + count
        const copy = bytes.slice()
        this.#broker.script.spoil?.(copy, session.range)
        const segmentId = segmentIdOf(session.topic, session.range)
        this.send('records', stream, encodeRecords({ segmentId, committedEnd: kept.end, parts: [copy] }))
      }
    }
  }

  #armIdle(): void {
    this.#broker.clock.setTimer(this.#broker.limits.idleIntervalMs, () => {
      if (this.#gone) return
      this.#armIdle()
      if (this.#broker.script.mute === true) return
      for (const [stream, session] of this.#sessions) {
        if (session.kind !== 'consume') continue
        const committedEnd = this.#broker.range(session.topic, session.range).end
        this.send('idle', stream, encodeIdle({ committedEnd, leaderAgeMs: 0 }))
      }
    })
  }
}

export function segmentIdOf(topicId: string, range: number): Uint8Array {
  const id = new Uint8Array(16)
  const view = new DataView(id.buffer)
  view.setUint32(0, Number.parseInt(topicId.slice(0, 8), 16), true)
  view.setUint32(4, Number.parseInt(topicId.slice(8), 16), true)
  view.setUint32(8, range, true)
  return id
}
