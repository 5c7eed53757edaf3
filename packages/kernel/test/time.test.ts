import { describe, expect, it } from 'vitest'
import { AbortSource, EastGuardError, SeededRandom, sleep, throwIfAborted, withTimeout } from '../src/index.ts'
import { MemoryClock } from '../src/testing.ts'

describe('abort', () => {
  it('tells each listener once, and only those that are left', () => {
    const source = new AbortSource()
    const told: number[] = []
    const removed = (): void => void told.push(0)
    source.signal.addEventListener('abort', removed)
    source.signal.addEventListener('abort', () => told.push(1))
    source.signal.removeEventListener('abort', removed)
    source.abort('why')
    source.abort('again')
    expect([told, source.signal.aborted, source.signal.reason]).toEqual([[1], true, 'why'])
    expect(() => throwIfAborted(source.signal)).toThrow(expect.objectContaining({ code: 'EG_ABORTED' }))
  })
})

describe('withTimeout', () => {
  it('aborts with EG_TIMEOUT, once the time has passed', () => {
    const clock = new MemoryClock()
    using limited = withTimeout(clock, 100, 'the call')
    clock.advance(99)
    expect(limited.signal.aborted).toBe(false)
    clock.advance(1)
    expect(limited.signal.reason).toMatchObject({ code: 'EG_TIMEOUT', remedy: 'retry' })
  })

  it('passes on its parent, also one that was aborted before, and leaves no timer behind', () => {
    const clock = new MemoryClock()
    const parent = new AbortSource()
    const reason = new EastGuardError({ code: 'EG_X', remedy: 'retry', message: 'x' })
    {
      using limited = withTimeout(clock, 100, 'the call', parent.signal)
      parent.abort(reason)
      using late = withTimeout(clock, 100, 'the call', parent.signal)
      expect([limited.signal.reason, late.signal.reason]).toEqual([reason, reason])
    }
    expect(clock.timerCount).toBe(0)
  })
})

describe('sleep', () => {
  it('ends in time, or with the reason of its signal and without a timer', async () => {
    const clock = new MemoryClock()
    const slept = sleep(clock, 10)
    clock.advance(10)
    await slept
    const source = new AbortSource()
    const aborted = sleep(clock, 10, source.signal)
    source.abort(undefined)
    await expect(aborted).rejects.toMatchObject({ code: 'EG_ABORTED' })
    await expect(sleep(clock, 10, source.signal)).rejects.toMatchObject({ code: 'EG_ABORTED' })
    expect(clock.timerCount).toBe(0)
  })
})

describe('SeededRandom', () => {
  it('repeats itself from its seed, and every seed has its own stream', () => {
    const streams = [0, 1, 2, 2 ** 32, 2 ** 53 - 1].map((seed) => {
      const first = String(new SeededRandom(seed).bytes(32))
      expect(String(new SeededRandom(seed).bytes(32))).toBe(first)
      return first
    })
    expect(new Set(streams).size).toBe(streams.length)
  })

  it('a fork is not moved by draws of its parent or of its siblings', () => {
    const quiet = new SeededRandom(3).fork('a').fork('b').bytes(16)
    const parent = new SeededRandom(3)
    parent.bytes(100)
    parent.fork('c').bytes(100)
    expect(parent.fork('a').fork('b').bytes(16)).toEqual(quiet)
  })
})
