import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  Calls,
  codedError,
  encodeError,
  type Frame,
  kinds,
  StreamIds,
  toErrorBody,
  type UnaryKind,
} from '../src/index.ts'

function answer(stream: number, kind: UnaryKind, error?: Uint8Array): Frame {
  const body = error ?? new Uint8Array([0x80])
  return { kind: kinds[kind].number, stream, answer: true, error: error !== undefined, version: 0, body }
}

describe('calls', () => {
  it('are told apart by streams from 1 up, answered in any order', () => {
    const calls = new Calls<string>({ callCountMax: 10 })
    const [a, b] = [calls.begin('listTopics', 100, 'a'), calls.begin('createTopic', 100, 'b')]
    expect([a.stream, b.stream]).toEqual([1, 2])
    expect(calls.answer(answer(2, 'createTopic'))).toMatchObject({ kind: 'answered', call: { token: 'b' } })
    expect(calls.answer(answer(1, 'listTopics'))).toMatchObject({ kind: 'answered', call: { token: 'a' } })
    expect(calls.answer(answer(1, 'listTopics'))).toEqual({ kind: 'unknown' })
    expect(calls.count).toBe(0)
  })

  it('fail with the error of the peer, also with one that cannot be read', () => {
    const calls = new Calls<string>({ callCountMax: 10 })
    calls.begin('describeTopic', 100, 'a')
    const error = encodeError(toErrorBody(codedError('EG_TOPIC_NOT_FOUND', 'no')))
    expect(calls.answer(answer(1, 'describeTopic', error))).toMatchObject({
      kind: 'failed',
      error: { code: 'EG_TOPIC_NOT_FOUND' },
    })
    calls.begin('describeTopic', 100, 'b')
    expect(calls.answer(answer(2, 'describeTopic', new Uint8Array(3)))).toMatchObject({
      kind: 'failed',
      call: { token: 'b' },
      error: { code: 'EG_MALFORMED' },
    })
  })

  it('an answer of another kind, or a frame that is no answer, settles nothing', () => {
    const calls = new Calls<string>({ callCountMax: 10 })
    calls.begin('createTopic', 100, 'a')
    expect(calls.answer(answer(1, 'listTopics'))).toEqual({ kind: 'unknown' })
    expect(calls.answer({ ...answer(1, 'createTopic'), answer: false })).toEqual({ kind: 'unknown' })
    expect(calls.count).toBe(1)
  })

  it('expire at their deadline: a read had no effect, a change may have had one', () => {
    const calls = new Calls<string>({ callCountMax: 10 })
    calls.begin('listTopics', 100, 'read')
    calls.begin('createTopic', 100, 'change')
    calls.begin('listTopics', 101, 'later')
    expect(calls.nextDeadline).toBe(100)
    expect(calls.expire(99.9)).toEqual([])
    expect(calls.expire(100)).toMatchObject([
      { call: { token: 'read' }, error: { code: 'EG_TIMEOUT' } },
      { call: { token: 'change' }, error: { code: 'EG_OUTCOME_UNKNOWN', facts: { reason: 'EG_TIMEOUT' } } },
    ])
    expect(calls.answer(answer(2, 'createTopic'))).toEqual({ kind: 'unknown' })
    expect(calls.nextDeadline).toBe(101)
  })

  it('an abort and the end of the connection say whether there may have been an effect', () => {
    const calls = new Calls<string>({ callCountMax: 10 })
    const [read, change] = [calls.begin('listTopics', 100, 'r'), calls.begin('deleteTopic', 100, 'c')]
    expect(calls.cancel(read.stream)?.error.code).toBe('EG_ABORTED')
    expect(calls.cancel(change.stream)?.error.code).toBe('EG_OUTCOME_UNKNOWN')
    expect(calls.cancel(change.stream)).toBeUndefined()
    calls.begin('listTopics', 100, 'r')
    calls.begin('trimTopic', 100, 'c')
    expect(calls.close('connection lost').map(({ error }) => error.code)).toEqual([
      'EG_UNREACHABLE',
      'EG_OUTCOME_UNKNOWN',
    ])
    expect([calls.count, calls.nextDeadline]).toEqual([0, undefined])
  })

  it('more than announced are refused before anything is sent', () => {
    const calls = new Calls<string>({ callCountMax: 2 })
    calls.begin('listTopics', 1, '')
    calls.begin('listTopics', 1, '')
    expect(() => calls.begin('listTopics', 1, '')).toThrow(expect.objectContaining({ code: 'EG_OVERLOADED' }))
    calls.cancel(1)
    expect(calls.begin('listTopics', 1, '').stream).toBe(3)
  })

  it('end exactly once, whatever happens to them', () => {
    const step = fc.record({ kind: fc.constantFrom('begin', 'answer', 'expire', 'cancel'), pick: fc.nat(30) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const calls = new Calls<number>({ callCountMax: 20 })
        const ended: number[] = []
        let begun = 0
        for (const { kind, pick } of steps) {
          if (kind === 'begin' && calls.count < 20) calls.begin('listTopics', pick, begun++)
          if (kind === 'answer') {
            const result = calls.answer(answer(pick, 'listTopics'))
            if (result.kind !== 'unknown') ended.push(result.call.token)
          }
          if (kind === 'expire') ended.push(...calls.expire(pick).map(({ call }) => call.token))
          if (kind === 'cancel') ended.push(...[calls.cancel(pick)].flatMap((end) => (end ? [end.call.token] : [])))
        }
        ended.push(...calls.close('end').map(({ call }) => call.token))
        expect(ended.toSorted((a, b) => a - b)).toEqual(Array.from({ length: begun }, (_, i) => i))
      }),
    )
  })
})

describe('stream ids', () => {
  it('go from 1 up and round, past those in use, and come back as late as possible', () => {
    const ids = new StreamIds(4)
    expect([ids.take(), ids.take(), ids.take()]).toEqual([1, 2, 3])
    ids.release(1)
    ids.release(2)
    expect([ids.take(), ids.take()]).toEqual([4, 1])
    ids.release(4)
    expect([ids.take(), ids.take()]).toEqual([2, 4])
    expect(ids.inUseCount).toBe(4)
    expect(() => ids.take()).toThrow(/a stream id is free/)
  })
})
