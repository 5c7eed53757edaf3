import { describe, expect, it } from 'vitest'
import {
  apply,
  assertInvariants,
  type Command,
  classifySegment,
  classifyTopic,
  requestCountMax,
  topicNameHash,
} from '../src/index.ts'
import { brief, create, emptyState, policy, roll, seat, segmentsOf, topicNumber, trim } from './fixtures.ts'

const t0 = topicNumber(0)

describe('CreateTopic', () => {
  it('makes the topic usable at once: its ranges tile the keyspace, each with an active segment', () => {
    const state = emptyState()
    const ranges = { kind: 'fixed', count: 4 } as const
    expect(brief(state, create('a', 1, { ranges, replicas: [[seat], [seat], [seat], [seat]] }))).toBe('topicCreated')
    assertInvariants(state)
    expect(state.topicNamed('a')?.ranges.size).toBe(4)
    expect(segmentsOf(state, t0, 3)).toEqual([[0, 0, null]])
  })

  it('answers a repeated request with the first result, even when the topic is gone', () => {
    const state = emptyState()
    const first = apply(state, create('a', 1)).outcome
    apply(state, { kind: 'deleteTopic', epoch: 1, topic: t0 })
    expect(apply(state, create('a', 1)).outcome).toEqual({ ...first, kind: 'repeated' })
    expect(state.topicCount).toBe(0)
  })

  it('forgets the oldest request when its table is full, and no other', () => {
    const state = emptyState()
    for (let i = 0; i <= requestCountMax; i++) apply(state, create(`t${i}`, i))
    assertInvariants(state)
    expect(brief(state, create('t0', 0))).toBe('refused: topicExists')
    expect(brief(state, create('t1', 1))).toBe('again: topicCreated')
  })

  it('never gives an id a second time', () => {
    const state = emptyState()
    apply(state, create('a', 1))
    apply(state, { kind: 'deleteTopic', epoch: 1, topic: t0 })
    apply(state, create('a', 2))
    expect(state.topicNamed('a')?.row.id).toBe(topicNumber(1))
  })

  // H7
  it('refuses a name outside the arc, and a proposer that believes in another epoch', () => {
    const hash = topicNameHash('a')
    const below = emptyState({ start: 0, end: hash })
    expect(brief(below, create('a', 1))).toBe('refused: notMine')
    expect(brief(emptyState({ start: 0, end: hash + 1 }), create('a', 1))).toBe('topicCreated')
    expect(brief(emptyState(), create('a', 1, { epoch: 2 }))).toBe('refused: wrongEpoch')
  })

  const four = [[seat], [seat], [seat], [seat]]
  it.each<[string, Partial<Parameters<typeof create>[2]>, string]>([
    ['two topics of one name', { name: 'taken' }, 'topicExists'],
    ['a used request id', { requestId: create('', 100).requestId }, 'requestIdReused'],
    ['an empty name', { name: '' }, 'nameInvalid'],
    ['a reserved name', { name: '__a' }, 'nameInvalid'],
    ['a name of 201 letters', { name: 'x'.repeat(201) }, 'nameInvalid'],
    ['a retention of 0', { policy: { ...policy, retentionMs: 0 } }, 'policyInvalid'],
    ['more minReplicas than replicas', { policy: { ...policy, minReplicas: 2 } }, 'policyInvalid'],
    ['three ranges', { ranges: { kind: 'fixed', count: 3 }, replicas: [[seat], [seat], [seat]] }, 'rangesInvalid'],
    ['8,192 ranges', { ranges: { kind: 'fixed', count: 8_192 } }, 'rangesInvalid'],
    ['a replica list too few', { ranges: { kind: 'fixed', count: 8 }, replicas: four }, 'replicasInvalid'],
    ['no replica', { replicas: [[]] }, 'replicasInvalid'],
    ['more replicas than asked for', { replicas: [[seat, { ...seat, bootId: 2 }]] }, 'replicasInvalid'],
    ['one broker twice', { policy: { ...policy, replicas: 2 }, replicas: [[seat, seat]] }, 'replicasInvalid'],
  ])('refuses %s', (_, changes, reason) => {
    const state = emptyState()
    apply(state, create('taken', 100))
    const before = state.vnode
    expect(brief(state, create('a', 1, changes))).toBe(`refused: ${reason}`)
    expect([state.topicCount, state.vnode]).toEqual([1, before])
  })
})

describe('AlterTopic and DeleteTopic', () => {
  it('changes the named fields only', () => {
    const state = emptyState()
    apply(state, create('a', 1))
    const alter = (changes: object): Command => ({ kind: 'alterTopic', epoch: 1, topic: t0, policy: changes })
    expect(brief(state, alter({ retentionMs: 5_000 }))).toBe('topicAltered')
    expect(brief(state, alter({ segmentBytes: 8_192 }))).toBe('topicAltered')
    expect(state.topic(t0)?.row.policy).toEqual({ ...policy, retentionMs: 5_000, segmentBytes: 8_192 })
    expect(brief(state, alter({ segmentBytes: 1 }))).toBe('refused: policyInvalid')
    expect(brief(state, { ...alter({}), topic: topicNumber(7) } as Command)).toBe('refused: topicUnknown')
  })

  it('cascades, and a second delete is a repetition', () => {
    const state = emptyState()
    apply(state, create('a', 1))
    const remove: Command = { kind: 'deleteTopic', epoch: 1, topic: t0 }
    expect([brief(state, remove), brief(state, remove)]).toEqual(['topicDeleted', 'again: topicDeleted'])
    expect([state.topicCount, state.segmentCount, [...state.namesFrom('')]]).toEqual([0, 0, []])
    expect(brief(state, { ...remove, topic: topicNumber(1) })).toBe('refused: topicUnknown')
  })
})

describe('RollSegment', () => {
  it('seals at the exact end and opens the successor there', () => {
    const state = emptyState()
    apply(state, create('a', 1))
    const command = roll(t0, 0, 10, { confirmed: [seat.brokerId], vnodeTime: 7, wallTime: 9 })
    expect(brief(state, command)).toBe('segmentRolled')
    expect(segmentsOf(state, t0)).toEqual([
      [0, 0, 10],
      [1, 10, null],
    ])
    const sealed = state.segment(t0, 0, 0)
    expect(sealed).toMatchObject({ state: 'sealed', bytes: 100, sealedVNodeTime: 7, sealedAt: 9 })
    expect(sealed?.replicas).toEqual([{ ...seat, confirmed: true }])
    assertInvariants(state)
  })

  it('leaves nothing of a segment that ends empty but its number', () => {
    const state = emptyState()
    apply(state, create('a', 1))
    apply(state, roll(t0, 0, 0, { bytes: 0 }))
    apply(state, roll(t0, 1, 5))
    apply(state, roll(t0, 2, 5, { bytes: 0 }))
    expect(segmentsOf(state, t0)).toEqual([
      [1, 0, 5],
      [3, 5, null],
    ])
    expect(state.segmentCount).toBe(2)
    assertInvariants(state)
  })

  // H35
  it('counts "already sealed at n" as done, and refuses another end', () => {
    const state = emptyState()
    apply(state, create('a', 1))
    apply(state, roll(t0, 0, 5))
    apply(state, roll(t0, 1, 5, { bytes: 0 }))
    apply(state, roll(t0, 2, 9))
    const outcomes = [roll(t0, 0, 5), roll(t0, 1, 5, { bytes: 0 }), roll(t0, 0, 6), roll(t0, 4, 9)]
    expect(outcomes.map((command) => brief(state, command))).toEqual([
      'again: segmentRolled',
      'again: segmentRolled',
      'refused: endDiffers',
      'refused: segmentNotActive',
    ])
    expect(apply(state, roll(t0, 1, 5)).outcome).toMatchObject({ result: { end: 5, successor: 2 } })
  })

  it('refuses an end below the start, bytes without records and records without bytes, and foreign brokers', () => {
    const state = emptyState()
    apply(state, create('a', 1))
    apply(state, roll(t0, 0, 5))
    expect(brief(state, roll(t0, 1, 4))).toBe('refused: endInvalid')
    expect(brief(state, roll(t0, 1, 5, { bytes: 1 }))).toBe('refused: endInvalid')
    expect(brief(state, roll(t0, 1, 6, { bytes: 0 }))).toBe('refused: endInvalid')
    expect(brief(state, roll(t0, 1, 6, { successor: [] }))).toBe('refused: replicasInvalid')
    const stranger = [create('', 0).requestId as unknown as typeof seat.brokerId]
    expect(brief(state, roll(t0, 1, 6, { confirmed: stranger }))).toBe('refused: replicasInvalid')
    expect(brief(state, roll(t0, 1, 6, { range: 1 }))).toBe('refused: rangeUnknown')
    expect(segmentsOf(state, t0)).toHaveLength(2)
  })
})

describe('TrimRange and AdvanceTime', () => {
  it('drops an oldest-first prefix of sealed segments and nothing else', () => {
    const state = emptyState()
    apply(state, create('a', 1))
    for (let i = 0; i < 4; i++) apply(state, roll(t0, i, (i + 1) * 10))
    expect(apply(state, trim(t0, 3)).outcome).toMatchObject({ result: { removedSegments: 3, startOffset: 30 } })
    expect(apply(state, trim(t0, 2)).outcome).toMatchObject({ result: { removedSegments: 0, startOffset: 30 } })
    expect(brief(state, trim(t0, 5))).toBe('refused: trimInvalid')
    expect(segmentsOf(state, t0)).toEqual([
      [3, 30, 40],
      [4, 40, null],
    ])
    assertInvariants(state)
  })

  // H53a
  it('trims and deletes by removals alone, so that they fit a full storage', () => {
    const state = emptyState()
    apply(state, create('a', 1))
    apply(state, roll(t0, 0, 10))
    expect(apply(state, trim(t0, 1)).writes.map((write) => write.kind)).toEqual(['segmentsGone'])
    const remove = apply(state, { kind: 'deleteTopic', epoch: 1, topic: t0 })
    expect(remove.writes.map((write) => write.kind)).toEqual(['topicGone'])
  })

  // P16
  it('takes time as a maximum, from every command that carries it', () => {
    const state = emptyState()
    const advance = (vnodeTime: number): Command => ({ kind: 'advanceTime', vnodeTime })
    apply(state, advance(100))
    apply(state, advance(50))
    apply(state, create('a', 1, { vnodeTime: 60 }))
    expect([state.vnode.vnodeTime, state.segment(t0, 0, 0)?.createdVNodeTime]).toEqual([100, 100])
    apply(state, roll(t0, 0, 5, { vnodeTime: 200 }))
    expect([state.vnode.vnodeTime, state.segment(t0, 0, 0)?.sealedVNodeTime]).toEqual([200, 200])
  })
})

describe('classify', () => {
  // P17, H4
  it('tells deleted from never minted: absence alone proves nothing', () => {
    const state = emptyState()
    for (const [i, name] of ['a', 'b'].entries()) apply(state, create(name, i))
    apply(state, { kind: 'deleteTopic', epoch: 1, topic: t0 })
    const foreign = 'ffffffff00000000' as typeof t0
    const ids = [t0, topicNumber(1), topicNumber(2), foreign]
    expect(ids.map((id) => classifyTopic(state, id))).toEqual(['deleted', 'live', 'notMinted', 'notMine'])
  })

  it('does so for segments: trimmed and empty ones are deleted, numbers to come are not minted', () => {
    const state = emptyState()
    apply(state, create('a', 1))
    for (let i = 0; i < 3; i++) apply(state, roll(t0, i, i === 1 ? 10 : (i + 1) * 10, i === 1 ? { bytes: 0 } : {}))
    apply(state, trim(t0, 1))
    const of = (segment: number, range = 0): string => classifySegment(state, { topic: t0, range, segment })
    expect([of(0), of(1), of(2), of(3), of(4), of(0, 1)]).toEqual([
      'deleted',
      'deleted',
      'live',
      'live',
      'notMinted',
      'notMinted',
    ])
    apply(state, { kind: 'deleteTopic', epoch: 1, topic: t0 })
    expect(of(4)).toBe('deleted')
  })
})
