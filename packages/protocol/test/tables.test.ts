import { readdirSync, readFileSync } from 'node:fs'
import { EastGuardError } from '@eastguard/kernel'
import { describe, expect, it } from 'vitest'
import {
  admitFrame,
  admitKind,
  checkRangesMode,
  checkTopicName,
  checkTopicPolicy,
  chooseLimits,
  codedError,
  decodeError,
  type ErrorCode,
  encodeError,
  errorCodes,
  errorRow,
  errorTable,
  fromErrorBody,
  isUnaryKind,
  kindKeys,
  kindOf,
  kindRow,
  kinds,
  limitNames,
  limitTable,
  policyBounds,
  toErrorBody,
  unaryCodecs,
} from '../src/index.ts'

const root = new URL('../../../', import.meta.url)

/** Every source of this repository, by its place. */
function sources(): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const group of ['packages', 'apps']) {
    for (const name of readdirSync(new URL(group, root))) {
      const folder = new URL(`${group}/${name}/src/`, root)
      for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
        if (!file.endsWith('.ts')) continue
        texts.set(`${group}/${name}/src/${file}`, readFileSync(new URL(file, folder), 'utf8'))
      }
    }
  }
  return texts
}

describe('the error table', () => {
  it('has every number once', () => {
    expect(new Set(errorCodes.map((code) => errorTable[code].number)).size).toBe(errorCodes.length)
  })

  it('has every code that a source names', () => {
    const named = [...sources()].flatMap(([place, text]) =>
      [...text.matchAll(/'(EG_[A-Z0-9_]+)'/g)].map((match) => ({ code: match[1] ?? '', place })),
    )
    expect(named.filter(({ code }) => errorRow(code) === undefined)).toEqual([])
  })

  it('has the remedy that a source gives to a code', () => {
    const given = [...sources()].flatMap(([place, text]) =>
      [...text.matchAll(/code: '(EG_[A-Z0-9_]+)',\s*remedy: '([a-z-]+)'/g)].map(([, code = '', remedy]) => ({
        code,
        remedy,
        place,
      })),
    )
    expect(given.length).toBeGreaterThan(0)
    expect(given.filter(({ code, remedy }) => errorRow(code)?.remedy !== remedy)).toEqual([])
  })

  it.each(errorCodes)('%s survives the wire', (code: ErrorCode) => {
    const error = codedError(code, 'what happened', { count: 3, name: 'ü', none: null })
    const back = fromErrorBody(decodeError(encodeError(toErrorBody(error))))
    expect(back).toMatchObject({ code, remedy: errorTable[code].remedy, message: 'what happened' })
    expect(back.facts).toEqual({ count: 3, name: 'ü', none: null })
  })

  it('a code of a newer peer keeps its remedy', () => {
    const body = encodeError({ number: 999, code: 'EG_FROM_THE_FUTURE', remedy: 'refresh-route', message: 'm' })
    expect(fromErrorBody(decodeError(body))).toMatchObject({ code: 'EG_FROM_THE_FUTURE', remedy: 'refresh-route' })
  })

  it('a bug tells a peer nothing but that it is one', () => {
    expect(toErrorBody(new TypeError('secret'))).toMatchObject({ code: 'EG_INTERNAL', message: 'internal error' })
    expect(toErrorBody(undefined)).toMatchObject({ code: 'EG_INTERNAL' })
  })

  it('texts and facts that are too large are cut, never refused by the peer', () => {
    const facts = Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`fact${i}`, '\ud83d\ude00'.repeat(500)]))
    const error = new EastGuardError({ code: 'EG_DAMAGED', remedy: 'give-up', message: 'é'.repeat(9999), facts })
    const back = decodeError(encodeError(toErrorBody(error)))
    expect(back.message).toHaveLength(2048)
    expect(Object.keys(back.facts ?? {})).toHaveLength(32)
  })
})

describe('the table of kinds', () => {
  it('has every number and name once, peers above 0x8000', () => {
    const rows = kindKeys.map(kindRow)
    expect(new Set(rows.map((row) => row.number)).size).toBe(rows.length)
    expect(new Set(rows.map((row) => row.name)).size).toBe(rows.length)
    for (const row of rows) expect(row.number >= 0x8000).toBe(row.port === 'peer')
    for (const key of kindKeys) expect(kindOf(kinds[key].number)).toBe(key)
  })

  it('has a codec for every unary kind and for nothing else', () => {
    expect(Object.keys(unaryCodecs).toSorted()).toEqual(kindKeys.filter(isUnaryKind).toSorted())
  })

  it.each([
    [0x7777, 'client', 'client'],
    [kinds.raftFrame.number, 'peer', 'broker'],
    [kinds.raftFrame.number, 'client', 'client'],
    [kinds.createTopic.number, 'peer', 'broker'],
    [kinds.append.number, 'peer', 'client'],
    [kinds.records.number, 'client', 'client'],
    [kinds.append.number, 'client', 'broker'],
  ] as const)('does not know 0x%x on the %s port from a %s', (number, port, sender) => {
    expect(() => admitKind(number, { port, sender })).toThrow(expect.objectContaining({ code: 'EG_UNKNOWN_KIND' }))
  })

  it.each([
    [kinds.append.number, 'client', 'client', 'append'],
    [kinds.createTopic.number, 'client', 'broker', 'createTopic'],
    [kinds.close.number, 'client', 'broker', 'close'],
    [kinds.records.number, 'peer', 'broker', 'records'],
  ] as const)('knows 0x%x on the %s port from a %s', (number, port, sender, kind) => {
    expect(admitKind(number, { port, sender })).toBe(kind)
  })
})

describe('a frame', () => {
  const frame = { kind: kinds.listTopics.number, stream: 1, answer: false, error: false, body: new Uint8Array([0x80]) }

  it('of a body version that is not spoken is refused, and its kind is looked at first', () => {
    const from = { port: 'client', sender: 'client' } as const
    expect(admitFrame({ ...frame, version: 0 }, from)).toBe('listTopics')
    expect(() => admitFrame({ ...frame, version: 1 }, from)).toThrow(/version 1 of ListTopics/)
    expect(() => admitFrame({ ...frame, kind: 0x7777, version: 1 }, from)).toThrow(/0x7777/)
  })
})

describe('limits', () => {
  it('have defaults within their bounds, and a frame that holds the largest batch', () => {
    for (const name of limitNames) {
      const { default: value, min, max } = limitTable[name]
      expect(value >= min && value <= max).toBe(true)
    }
    expect(chooseLimits({ batchBytesMax: 4 << 20 }).frameBytesMax).toBe((4 << 20) + 65_536)
  })

  it.each(limitNames)('%s outside of its bounds is refused by name', (name) => {
    const { min, max } = limitTable[name]
    for (const value of [min - 1, max + 1, min + 0.5]) {
      expect(() => chooseLimits({ [name]: value })).toThrow(new RegExp(`limit ${name} is ${value}; it must be from`))
    }
  })

  it('a frame that does not hold the largest batch is refused', () => {
    expect(() => chooseLimits({ batchBytesMax: 4 << 20, frameBytesMax: 2 << 20 })).toThrow(/frameBytesMax is 2097152/)
  })
})

describe('topic names', () => {
  it.each(['a', 'orders', 'A.b_c-9', '_one', '...', 'x'.repeat(200)])('%s is one', (name) => {
    expect(() => checkTopicName(name)).not.toThrow()
  })

  it.each([
    ['', /has 1 to 200 characters; this one has 0/],
    ['x'.repeat(201), /this one has 201/],
    ['.', /not a topic name/],
    ['..', /not a topic name/],
    ['__positions', /starts with "__"/],
    ['a b', /has " "/],
    ['a/b', /has "\/"/],
    ['größe', /has "ö"/],
    ['a\n', /has "\\n"/],
    ['a😀', /has "😀"/u],
  ])('%j is none', (name, why) => {
    expect(() => checkTopicName(name)).toThrow(why)
    expect(() => checkTopicName(name)).toThrow(expect.objectContaining({ code: 'EG_INVALID_NAME', remedy: 'fix-call' }))
  })
})

describe('topic policies', () => {
  it('may say only what they change', () => {
    expect(() => checkTopicPolicy({})).not.toThrow()
    expect(() => checkTopicPolicy({ retentionMs: null, retentionBytes: null, segmentAgeMs: null })).not.toThrow()
    expect(() => checkTopicPolicy({ replicas: 3, minReplicas: 3, segmentBytes: 4096 })).not.toThrow()
  })

  // H60: retention 0 expired everything.
  it('none is said, never 0', () => {
    expect(() => checkTopicPolicy({ retentionMs: 0 })).toThrow(/retentionMs is 0; it must be from 1 .* or none/)
    expect(() => checkTopicPolicy({ retentionBytes: 0 })).toThrow(/or none/)
    expect(() => checkTopicPolicy({ segmentBytes: null as unknown as number })).toThrow(/segmentBytes cannot be none/)
  })

  it.each(Object.entries(policyBounds))('%s outside of its bounds is refused by name', (name, { min, max }) => {
    for (const value of [min - 1, max + 1]) {
      expect(() => checkTopicPolicy({ [name]: value })).toThrow(new RegExp(`${name} is`))
    }
  })

  it('more minReplicas than replicas are refused', () => {
    expect(() => checkTopicPolicy({ replicas: 2, minReplicas: 3 })).toThrow(/minReplicas is 3; replicas is 2/)
  })

  it('ranges are automatic or a power of two up to 4,096', () => {
    expect(() => checkRangesMode({ kind: 'auto' })).not.toThrow()
    for (let count = 1; count <= 4096; count *= 2) {
      expect(() => checkRangesMode({ kind: 'fixed', count })).not.toThrow()
    }
    for (const count of [0, 3, 6, 4095, 8192, 1.5, -1]) {
      expect(() => checkRangesMode({ kind: 'fixed', count })).toThrow(/power of two from 1 to 4096/)
    }
  })
})
