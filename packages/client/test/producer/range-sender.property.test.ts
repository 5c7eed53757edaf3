import { codedError } from '@eastguard/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RangeSender, type SenderInput } from '../../src/producer/range-sender.ts'

interface Batch {
  readonly id: number
  readonly byteCount: number
  readonly deadline: number
  ready: boolean
}

type Step =
  | { readonly kind: 'queue'; readonly bytes: number; readonly ready: boolean }
  | { readonly kind: 'ready' | 'open' | 'refuseOpen' | 'lose' | 'drop' }
  | { readonly kind: 'ack'; readonly count: number }
  | { readonly kind: 'close'; readonly accepted: number; readonly remedy: number; readonly said: boolean }
  | { readonly kind: 'pass'; readonly ms: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('queue' as const),
      bytes: fc.integer({ min: 1, max: 50 }),
      ready: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('ready' as const, 'open' as const, 'open' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('refuseOpen' as const, 'lose' as const, 'drop' as const) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('ack' as const), count: fc.integer({ min: 0, max: 4 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('close' as const),
      accepted: fc.integer({ min: 0, max: 3 }),
      remedy: fc.integer({ min: 0, max: 3 }),
      said: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 150 }) }) },
)

const refusals = ['EG_OVERLOADED', 'EG_NOT_LEADER', 'EG_BATCH_MALFORMED', 'EG_DISK_FULL'] as const
const windowBytes = 100
const windowBatches = 4

/** A broker that stores what it is sent, and may end the session anywhere. */
class Model {
  readonly sender = new RangeSender<Batch>()
  readonly queued: Batch[] = []
  readonly outcomes = new Map<number, string>()
  /** Ids in the order in which the broker took them. */
  readonly log: number[] = []
  readonly appended = new Set<number>()
  session: Batch[] = []
  acked = 0
  opening = false
  isOpen = false
  now = 0

  apply(next: Step): void {
    switch (next.kind) {
      case 'queue': {
        const batch = { id: this.queued.length, byteCount: next.bytes, deadline: this.now + 100, ready: next.ready }
        this.queued.push(batch)
        this.input({ kind: 'queued', batch })
        break
      }
      case 'ready':
        for (const batch of this.queued) batch.ready = true
        this.input({ kind: 'ready' })
        break
      case 'drop': {
        const batch = this.queued.find(({ ready, id }) => !ready && !this.outcomes.has(id))
        if (batch !== undefined) this.input({ kind: 'dropped', batch, error: codedError('EG_INTERNAL', '') })
        break
      }
      case 'open':
        if (!this.opening) break
        this.opening = false
        this.isOpen = true
        this.session = []
        this.acked = 0
        this.input({ kind: 'opened', windowBytes, windowBatches })
        break
      case 'refuseOpen':
        if (this.opening)
          this.end({ kind: 'refused', error: codedError('EG_OVERLOADED', ''), acceptedBelow: undefined })
        break
      case 'lose':
        if (this.isOpen) this.end({ kind: 'lost', error: codedError('EG_UNREACHABLE', '') })
        break
      case 'ack': {
        const count = Math.min(next.count, this.session.length - this.acked)
        if (!this.isOpen) break
        this.acked += count
        const receipts = Array.from({ length: count }, () => ({ baseOffset: 0, appendTime: 0 }))
        this.input({ kind: 'acked', ack: { below: this.acked, windowBytes, windowBatches, receipts } })
        break
      }
      case 'close': {
        if (!this.isOpen) break
        const acceptedBelow = Math.min(this.acked + next.accepted, this.session.length)
        // What lies behind the refused one was never stored.
        this.log.splice(this.log.length - (this.session.length - acceptedBelow))
        const error = codedError(refusals[next.remedy] ?? 'EG_OVERLOADED', '')
        this.end({ kind: 'refused', error, acceptedBelow: next.said ? acceptedBelow : undefined })
        break
      }
      case 'pass':
        this.now += next.ms
        this.input({ kind: 'expired', now: this.now })
        break
    }
    for (const batch of this.queued) {
      if (batch.deadline <= this.now && next.kind === 'pass') expect(this.outcomes.has(batch.id)).toBe(true)
    }
  }

  end(input: SenderInput<Batch>): void {
    this.opening = false
    this.isOpen = false
    this.input(input)
  }

  input(input: SenderInput<Batch>): void {
    for (const effect of this.sender.step(input)) {
      switch (effect.kind) {
        case 'open':
          expect([this.opening, this.isOpen]).toEqual([false, false])
          this.opening = true
          break
        case 'append':
          expect(effect.sequence).toBe(this.session.length)
          expect(effect.batch.ready).toBe(true)
          expect(this.outcomes.has(effect.batch.id)).toBe(false) // never again once its fate is told
          this.session.push(effect.batch)
          this.log.push(effect.batch.id)
          this.expectInsideWindow()
          break
        case 'stored':
          this.settle(effect.batch, 'stored')
          break
        case 'failed':
          this.settle(effect.batch, effect.written)
          break
        case 'violation':
          throw effect.error
      }
    }
  }

  expectInsideWindow(): void {
    const under = this.session.slice(this.acked)
    const bytes = under.reduce((sum, { byteCount }) => sum + byteCount, 0)
    expect(under.length === 1 || (under.length <= windowBatches && bytes <= windowBytes)).toBe(true)
  }

  settle({ id }: Batch, outcome: string): void {
    expect(this.outcomes.has(id)).toBe(false)
    this.outcomes.set(id, outcome)
  }
}

describe('a range sender', () => {
  it('settles each batch once, keeps their order, and never repeats what may be stored', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const model = new Model()
        for (const next of steps) model.apply(next)
        model.end({ kind: 'abandoned', error: codedError('EG_CLOSED', '') })
        expect(model.outcomes.size).toBe(model.queued.length)
        expect(model.log).toEqual([...new Set(model.log)].toSorted((a, b) => a - b))
        for (const [id, outcome] of model.outcomes) {
          if (outcome === 'stored') expect(model.log).toContain(id)
          if (outcome === 'never') expect(model.log).not.toContain(id)
        }
        expect(model.sender.unsettledCount).toBe(0)
      }),
      { numRuns: 500 },
    )
  })

  it.each([[{ below: 2, count: 1 }], [{ below: 1, count: 0 }], [{ below: 2, count: 2 }]])(
    'refuses an acknowledgement of what was not sent: %o',
    ({ below, count }) => {
      const sender = new RangeSender<Batch>()
      sender.step({ kind: 'queued', batch: { id: 0, byteCount: 1, deadline: 1, ready: true } })
      sender.step({ kind: 'opened', windowBytes, windowBatches })
      const receipts = Array.from({ length: count }, () => ({ baseOffset: 0, appendTime: 0 }))
      const effects = sender.step({ kind: 'acked', ack: { below, windowBytes, windowBatches, receipts } })
      expect(effects).toMatchObject([{ kind: 'violation' }])
      expect(sender.inFlightCount).toBe(1)
    },
  )

  it('never sends again what it called unknown, not even when the broker says that it was not stored', () => {
    const sender = new RangeSender<Batch>()
    sender.step({ kind: 'queued', batch: { id: 0, byteCount: 1, deadline: 1, ready: true } })
    sender.step({ kind: 'opened', windowBytes, windowBatches })
    expect(sender.step({ kind: 'expired', now: 1 })).toMatchObject([{ kind: 'failed', written: 'unknown' }])
    const error = codedError('EG_OVERLOADED', '')
    expect(sender.step({ kind: 'refused', error, acceptedBelow: 0 })).toEqual([])
    expect(sender.unsettledCount).toBe(0)
  })

  it('sends one batch through a window of nothing', () => {
    const sender = new RangeSender<Batch>()
    sender.step({ kind: 'queued', batch: { id: 0, byteCount: 9, deadline: 1, ready: true } })
    expect(sender.step({ kind: 'opened', windowBytes: 0, windowBatches: 0 })).toMatchObject([{ kind: 'append' }])
  })
})
