import { encodeUtf8, type GroupStorage, type StorageReads } from '../src/index.ts'
import { type ContractCase, same } from './check.ts'

export interface GroupStorageSubject {
  readonly storage: GroupStorage
  /** Closes what is open and opens the same data again. */
  reopen(): Promise<GroupStorage>
}

const key = encodeUtf8
const all = { limit: 1000 }

export const groupStorageCases: readonly ContractCase<GroupStorageSubject>[] = [
  {
    name: 'what was committed is there, and after a reopen too',
    async run({ storage, reopen }) {
      await storage.commit([put('a', '1'), put('b', '')])
      same(storage.get(key('a')), key('1'), 'value')
      same(storage.get(key('b')), key(''), 'empty value')
      same(storage.get(key('c')), undefined, 'nothing')
      same(rows(await reopen()), ['a=1', 'b='], 'reopened')
    },
  },
  {
    name: 'writes apply in their order',
    async run({ storage }) {
      await storage.commit([put('a', '1'), put('a', '2'), { kind: 'remove', key: key('a') }, put('a', '3')])
      await storage.commit([
        { kind: 'remove', key: key('nothing') },
        put('b', '1'),
        { kind: 'removeRange', from: key('a'), to: key('b') },
        { kind: 'removeRange', from: key('z'), to: key('a') },
      ])
      same(rows(storage), ['b=1'], 'rows')
    },
  },
  {
    name: 'keys are ordered by their bytes, a prefix first; scans are half open, limited, either way',
    async run({ storage }) {
      const keys = [[0], [0, 0], [0, 1], [1], [1, 255], [2], [127], [128], [255], [255, 255]].map((k) =>
        Uint8Array.from(k),
      )
      await storage.commit(keys.toReversed().map((k) => ({ kind: 'put', key: k, value: k })))
      const end = new Uint8Array(3).fill(255)
      same(
        storage.scan(new Uint8Array([0]), end, all).map(([k]) => k),
        keys,
        'ascending',
      )
      same(
        storage.scan(new Uint8Array([0]), end, { ...all, reverse: true }).map(([k]) => k),
        keys.toReversed(),
        'descending',
      )
      const from = Uint8Array.from([0, 1])
      const to = Uint8Array.from([128])
      same(
        storage.scan(from, to, all).map(([k]) => k),
        keys.slice(2, 7),
        'half open',
      )
      same(
        storage.scan(from, to, { limit: 2 }).map(([k]) => k),
        keys.slice(2, 4),
        'limited',
      )
      same(
        storage.scan(from, to, { limit: 2, reverse: true }).map(([k]) => k),
        [keys[6], keys[5]],
        'last two',
      )
      same(storage.scan(to, from, all), [], 'an empty interval')
      same(storage.scan(from, from, all), [], 'an empty interval')
      same(storage.scan(from, to, { limit: 0 }), [], 'a limit of nothing')
    },
  },
  {
    name: 'bytes are copied before commit returns, and out again',
    async run({ storage }) {
      const k = key('a')
      const value = key('1')
      const committing = storage.commit([{ kind: 'put', key: k, value }])
      k.fill(0)
      value.fill(0)
      await committing
      same(rows(storage), ['a=1'], 'the bytes as they were')
      storage.get(key('a'))?.fill(0)
      storage.scan(key('a'), key('b'), all)[0]?.[1].fill(0)
      same(rows(storage), ['a=1'], 'what was handed out is a copy')
    },
  },
  {
    name: 'commits that overlap apply in the order in which they were made',
    async run({ storage, reopen }) {
      const commits = Array.from({ length: 50 }, (_, i) =>
        storage.commit([put('last', String(i)), put(`row ${String(i).padStart(2, '0')}`, 'x')]),
      )
      await Promise.all(commits)
      same(storage.get(key('last')), key('49'), 'the last one wins')
      same(rows(await reopen()).length, 51, 'all are there')
    },
  },
  {
    name: 'a view stays as it was, however many commits follow',
    async run({ storage }) {
      await storage.commit([put('a', '1'), put('b', '1')])
      using view = storage.view()
      await storage.commit([put('a', '2'), { kind: 'remove', key: key('b') }, put('c', '2')])
      using later = storage.view()
      await storage.commit([put('a', '3')])
      same(rows(view), ['a=1', 'b=1'], 'the first view')
      same(view.get(key('c')), undefined, 'not in the first view')
      same(rows(later), ['a=2', 'c=2'], 'the second view')
      same(rows(storage), ['a=3', 'c=2'], 'now')
    },
  },
  {
    name: 'large values and an empty commit',
    async run({ storage }) {
      const value = new Uint8Array(300_000).map((_, i) => i)
      await storage.commit([{ kind: 'put', key: key('a'), value }])
      await storage.commit([])
      same(storage.get(key('a')), value, 'value')
    },
  },
  {
    name: 'closing twice is fine',
    async run({ storage }) {
      await storage[Symbol.asyncDispose]()
      await storage[Symbol.asyncDispose]()
    },
  },
]

function put(k: string, value: string): { kind: 'put'; key: Uint8Array; value: Uint8Array } {
  return { kind: 'put', key: key(k), value: key(value) }
}

function rows(reads: StorageReads): readonly string[] {
  const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
  return reads.scan(new Uint8Array([0]), new Uint8Array([255]), all).map(([k, v]) => `${text(k)}=${text(v)}`)
}
