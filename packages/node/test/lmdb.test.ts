import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeUtf8, type StorageWrite } from '@eastguard/kernel'
import { groupStorageCases } from '@eastguard/kernel/contract'
import { MemoryClock } from '@eastguard/kernel/testing'
import { describe, expect, it } from 'vitest'
import { NodeClock } from '../src/index.ts'
import { LmdbGroupStorage, type LmdbSettings } from '../src/lmdb.ts'
import { buildProgram } from './built-program.ts'
import { withDirectory } from './scratch-directory.ts'

const key = encodeUtf8
const everything = [new Uint8Array([0]), new Uint8Array([255]), { limit: 1e6 }] as const

function openAt(path: string, settings: Partial<LmdbSettings> = {}): Promise<LmdbGroupStorage> {
  return LmdbGroupStorage.open({ path, reserveBytes: 256 * 1024, ...settings }, { clock: new NodeClock() })
}

function put(name: string, value: Uint8Array): StorageWrite {
  return { kind: 'put', key: key(name), value }
}

describe('LmdbGroupStorage', () => {
  it.each(groupStorageCases)('$name', ({ run }) =>
    withDirectory(async (path) => {
      let storage = await openAt(path)
      const reopen = async (): Promise<LmdbGroupStorage> => {
        await storage[Symbol.asyncDispose]()
        storage = await openAt(path)
        return storage
      }
      await expect(run({ storage, reopen })).resolves.toBeUndefined()
      await storage[Symbol.asyncDispose]()
    }),
  )

  it('a full map refuses puts whole, and removals make room again', () =>
    withDirectory(async (path) => {
      await using storage = await openAt(path, { mapBytes: 512 * 1024 })
      let count = 0
      const fill = async (): Promise<void> => {
        for (;;) {
          await storage.commit([put(`a${count}`, new Uint8Array(9000)), put(`b${count}`, new Uint8Array(10))])
          count++
        }
      }
      await expect(fill()).rejects.toMatchObject({ code: 'EG_STORAGE_FULL' })
      expect(count).toBeGreaterThan(10)
      expect(storage.get(key(`b${count}`))).toBeUndefined()
      expect(storage.scan(...everything)).toHaveLength(count * 2)
      await storage.commit([{ kind: 'removeRange', from: key('a'), to: key('b') }])
      expect(storage.scan(...everything)).toHaveLength(count)
      await storage.commit([put('again', new Uint8Array(9000))])
    }))

  it('one commit larger than the map is refused and leaves no trace', () =>
    withDirectory(async (path) => {
      await using storage = await openAt(path, { mapBytes: 512 * 1024 })
      await storage.commit([put('a', new Uint8Array(1))])
      const rows = Array.from({ length: 30_000 }, (_, i) => put(`row ${i} ${'x'.repeat(40)}`, new Uint8Array(1)))
      await expect(storage.commit(rows)).rejects.toMatchObject({ code: 'EG_STORAGE_FULL' })
      expect(storage.scan(...everything)).toHaveLength(1)
      await storage.commit([put('b', new Uint8Array(1))])
    }))

  it('removes a range of thousands in one commit', () =>
    withDirectory(async (path) => {
      await using storage = await openAt(path)
      const rows = Array.from({ length: 3500 }, (_, i) => put(`r${i}`, new Uint8Array(8)))
      await storage.commit([...rows, put('s', new Uint8Array(1))])
      await storage.commit([{ kind: 'removeRange', from: key('r'), to: key('s') }])
      expect(storage.scan(...everything).map(([k]) => [...k])).toEqual([[...key('s')]])
    }))

  it('a flipped bit in a value is reported as damage and never served', () =>
    withDirectory(async (path) => {
      const value = encodeUtf8('a value that can be found in the file')
      const first = await openAt(path)
      await first.commit([put('a', value), put('b', value)])
      await first[Symbol.asyncDispose]()
      const file = join(path, 'data.mdb')
      const bytes = await readFile(file)
      for (let at = bytes.indexOf(value); at !== -1; at = bytes.indexOf(value, at + 1)) bytes[at] = 0
      await writeFile(file, bytes)
      await using storage = await openAt(path)
      expect(() => storage.get(key('a'))).toThrow(expect.objectContaining({ code: 'EG_STORAGE_DAMAGED' }))
      expect(() => storage.scan(...everything)).toThrow(expect.objectContaining({ code: 'EG_STORAGE_DAMAGED' }))
    }))

  it('a commit that takes too long is fatal: everything after it fails', () =>
    withDirectory(async (path) => {
      const clock = new MemoryClock()
      const storage = await LmdbGroupStorage.open({ path, reserveBytes: 4096 }, { clock })
      const slow = storage.commit([put('a', new Uint8Array(1))])
      while (clock.timerCount === 0) await Promise.resolve()
      clock.advance(10_000)
      await expect(slow).rejects.toMatchObject({ code: 'EG_STORAGE_FAILED' })
      await expect(storage.commit([])).rejects.toMatchObject({ code: 'EG_STORAGE_FAILED' })
      expect(() => storage.get(key('a'))).toThrow(expect.objectContaining({ code: 'EG_STORAGE_FAILED' }))
      await storage[Symbol.asyncDispose]()
    }))

  it.each([1, 2, 3])('every commit that a killed process reported is there (run %i)', (run) =>
    withDirectory(async (path) => {
      await using program = await buildProgram('lmdb-writer.ts')
      const writer = fork(program.file, [path], { execArgv: [] })
      let reported = -1
      writer.on('message', (count) => {
        reported = Number(count)
        if (reported >= run * 40) writer.kill('SIGKILL')
      })
      await once(writer, 'exit')
      expect(reported).toBeGreaterThanOrEqual(run * 40)
      await using storage = await openAt(path)
      const rows = storage.scan(...everything)
      expect(rows.length % 2).toBe(0)
      expect(rows.length / 2).toBeGreaterThan(reported)
    }),
  )
})
