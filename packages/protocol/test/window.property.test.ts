import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ReceiveWindow, SendWindow, type Window } from '../src/index.ts'

const anyWindow: fc.Arbitrary<Window> = fc.record({ bytes: fc.nat(100), items: fc.nat(5) })

type Step =
  | { readonly kind: 'send'; readonly bytes: number }
  | { readonly kind: 'deliver' | 'hear' }
  | { readonly kind: 'release'; readonly count: number; readonly window: Window; readonly announce: boolean }

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('send' as const), bytes: fc.integer({ min: 1, max: 150 }) }),
  fc.record({ kind: fc.constantFrom('deliver' as const, 'hear' as const) }),
  fc.record({ kind: fc.constant('release' as const), count: fc.nat(5), window: anyWindow, announce: fc.boolean() }),
)

/** A sender and a receiver with a wire in between, in both directions. */
class Pair {
  readonly sender: SendWindow<number>
  readonly receiver: ReceiveWindow
  readonly wire: { readonly end: number; readonly bytes: number }[] = []
  readonly heard: { readonly below: number; readonly window: Window }[] = []
  readonly acknowledged: number[] = []
  sentEnd = 0
  receivedEnd = 0

  constructor(window: Window) {
    this.sender = new SendWindow(window)
    this.receiver = new ReceiveWindow(window)
  }

  step(step: Step): void {
    if (step.kind === 'send' && this.sender.hasRoom(step.bytes)) {
      this.sentEnd += 1
      this.sender.sent(this.sentEnd, step.bytes, this.sentEnd)
      this.wire.push({ end: this.sentEnd, bytes: step.bytes })
    }
    if (step.kind === 'deliver') this.deliver()
    if (step.kind === 'hear') this.hear()
    if (step.kind === 'release') {
      this.receiver.grant(step.window)
      this.receiver.release(Math.min(this.receivedEnd, this.receiver.below + step.count))
      if (step.announce || this.receiver.announceDue) this.heard.push(this.receiver.announce())
    }
  }

  deliver(): boolean {
    const item = this.wire.shift()
    if (item === undefined) return false
    this.receiver.received(item.end, item.bytes)
    this.receivedEnd = item.end
    return true
  }

  hear(): boolean {
    const word = this.heard.shift()
    if (word === undefined) return false
    this.acknowledged.push(...this.sender.acknowledge(word.below, word.window))
    return true
  }
}

describe('windows', () => {
  it('a sender that keeps to what it heard never exceeds what the receiver holds it to', () => {
    fc.assert(
      fc.property(anyWindow, fc.array(anyStep, { maxLength: 120 }), (window, steps) => {
        const pair = new Pair(window)
        for (const step of steps) pair.step(step)
        expect(pair.acknowledged).toEqual(pair.acknowledged.map((_, i) => i + 1))
        expect(pair.sender.remaining()).toHaveLength(pair.sender.itemsUnderWay)
      }),
      { numRuns: 500 },
    )
  })

  // H49: window 0 with nothing in flight never reopened.
  it('once everything is delivered, released and heard there is room for one more, whatever the window', () => {
    fc.assert(
      fc.property(anyWindow, fc.array(anyStep, { maxLength: 60 }), (window, steps) => {
        const pair = new Pair(window)
        for (const step of steps) pair.step(step)
        while (pair.deliver()) {
          // Until the wire is empty.
        }
        pair.receiver.grant({ bytes: 0, items: 0 })
        pair.receiver.release(pair.receivedEnd)
        if (pair.receiver.announceDue) pair.heard.push(pair.receiver.announce())
        while (pair.hear()) {
          // Until everything is heard.
        }
        expect(pair.sender.bytesUnderWay).toBe(0)
        expect(pair.sender.hasRoom(1_000_000)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('are absolute: hearing the same again changes nothing', () => {
    const sender = new SendWindow<string>({ bytes: 100 })
    sender.sent(1, 60, 'a')
    expect(sender.hasRoom(41)).toBe(false)
    expect(sender.acknowledge(0, { bytes: 100 })).toEqual([])
    expect(sender.acknowledge(0, { bytes: 100 })).toEqual([])
    expect([sender.hasRoom(40), sender.hasRoom(41)]).toEqual([true, false])
    expect(sender.acknowledge(1, { bytes: 10 })).toEqual(['a'])
    expect(sender.hasRoom(100)).toBe(true)
  })

  it('bound bytes and items', () => {
    const sender = new SendWindow<string>({ bytes: 100, items: 2 })
    sender.sent(1, 1, 'a')
    sender.sent(2, 1, 'b')
    expect(sender.hasRoom(1)).toBe(false)
    sender.acknowledge(0, { bytes: 100, items: 3 })
    expect(sender.hasRoom(1)).toBe(true)
  })

  it('an acknowledgement that goes backwards or beyond what was sent is refused and changes nothing', () => {
    const sender = new SendWindow<string>({ bytes: 100 }, 10)
    sender.sent(20, 5, 'a')
    sender.sent(30, 5, 'b')
    expect(sender.acknowledge(25, { bytes: 100 })).toEqual(['a'])
    for (const below of [24, 31]) {
      expect(() => sender.acknowledge(below, { bytes: 0 })).toThrow(expect.objectContaining({ code: 'EG_MALFORMED' }))
    }
    expect([sender.below, sender.bytesUnderWay, sender.hasRoom(95)]).toEqual([25, 5, true])
  })

  it('a sender that sends more is found out, and its item is not counted', () => {
    const receiver = new ReceiveWindow({ bytes: 100, items: 2 })
    receiver.received(1, 500)
    expect(() => receiver.received(2, 1)).toThrow(expect.objectContaining({ code: 'EG_WINDOW_EXCEEDED' }))
    expect([receiver.itemsHeld, receiver.bytesHeld]).toEqual([1, 500])
    receiver.release(1)
    expect(() => receiver.received(1, 1)).toThrow(expect.objectContaining({ code: 'EG_MALFORMED' }))
    const narrow = new ReceiveWindow({ bytes: 100, items: 2 })
    narrow.received(1, 1)
    narrow.received(2, 1)
    expect(() => narrow.received(3, 1)).toThrow(/the window is/)
  })

  it('the receiver speaks after half of the window, or when it holds nothing, not for every item', () => {
    const receiver = new ReceiveWindow({ bytes: 100 })
    for (let end = 1; end <= 10; end++) receiver.received(end, 10)
    receiver.release(4)
    expect(receiver.announceDue).toBe(false)
    receiver.release(5)
    expect(receiver.announceDue).toBe(true)
    expect(receiver.announce()).toEqual({ below: 5, window: { bytes: 100 } })
    expect(receiver.announceDue).toBe(false)
    receiver.release(10)
    receiver.announce()
    receiver.received(11, 1)
    receiver.received(12, 1)
    receiver.release(11)
    expect(receiver.announceDue).toBe(false)
    receiver.release(12)
    expect(receiver.announceDue).toBe(true)
  })
})
