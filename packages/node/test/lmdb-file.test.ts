import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeUtf8, SeededRandom } from '@eastguard/kernel'
import { describe, expect, it } from 'vitest'
import { NodeClock } from '../src/index.ts'
import { LmdbGroupStorage } from '../src/lmdb.ts'
import { checkLmdbFile } from '../src/lmdb-file.ts'
import { buildProgram } from './built-program.ts'
import { withDirectory } from './scratch-directory.ts'

const open = (path: string): Promise<LmdbGroupStorage> =>
  LmdbGroupStorage.open({ path, reserveBytes: 4096 }, { clock: new NodeClock() })

/** Commits `count` rows, each on its own. */
const fill = async (path: string, count: number): Promise<void> => {
  await using storage = await open(path)
  for (let i = 0; i < count; i++) {
    await storage.commit([{ kind: 'put', key: encodeUtf8(`k${i}`), value: new Uint8Array(500) }])
  }
}

const overwrite = async (file: string, position: number, bytes: Uint8Array): Promise<void> => {
  const whole = await readFile(file)
  whole.set(bytes, position)
  await writeFile(file, whole)
}

const damages: readonly (readonly [string, (file: string) => Promise<void>])[] = [
  ['cut inside its first page', (file) => truncate(file, 100)],
  ['cut after its first page', (file) => truncate(file, 4096)],
  ['cut after its meta pages', (file) => truncate(file, 8192)],
  ['cut to 9,000 bytes', (file) => truncate(file, 9000)],
  ['10 kB of garbage', (file) => writeFile(file, new SeededRandom(1).bytes(10_000))],
  ['a text', (file) => writeFile(file, 'this was not meant to be here')],
  ['zeros', (file) => writeFile(file, new Uint8Array(50_000))],
  ['of another format', (file) => overwrite(file, 28, Uint8Array.of(1))],
  ['with an impossible page size', (file) => overwrite(file, 48, Uint8Array.of(1))],
  ['without its second meta page', (file) => overwrite(file, 4096, new Uint8Array(4096))],
  [
    'with nothing behind its meta pages',
    async (file) => overwrite(file, 8192, new Uint8Array((await readFile(file)).length - 8192)),
  ],
]

describe('the file of an LMDB storage', () => {
  it.each(damages)('%s is reported as damage by name', (_what, damage) =>
    withDirectory(async (path) => {
      await fill(path, 50)
      const file = join(path, 'data.mdb')
      await damage(file)
      await expect(open(path)).rejects.toMatchObject({
        code: 'EG_STORAGE_DAMAGED',
        remedy: 'give-up',
        message: expect.stringContaining(file),
      })
    }),
  )

  it('that is missing or empty begins a new one', () =>
    withDirectory(async (path) => {
      await checkLmdbFile(join(path, 'data.mdb'))
      await writeFile(join(path, 'data.mdb'), '')
      await fill(path, 1)
      await checkLmdbFile(join(path, 'data.mdb'))
    }))

  it.each([0, 1, 2, 30, 300])('with %i rows passes, before and after they are removed', (count) =>
    withDirectory(async (path) => {
      const file = join(path, 'data.mdb')
      await fill(path, count)
      await checkLmdbFile(file)
      {
        await using storage = await open(path)
        await storage.commit([{ kind: 'removeRange', from: encodeUtf8('a'), to: encodeUtf8('z') }])
        await checkLmdbFile(file)
      }
      await checkLmdbFile(file)
    }),
  )

  it('of a process that was killed passes', () =>
    withDirectory(async (path) => {
      await using program = await buildProgram('lmdb-writer.ts')
      const writer = fork(program.file, [path], { execArgv: [] })
      writer.on('message', (count) => {
        if (Number(count) >= 30) writer.kill('SIGKILL')
      })
      await once(writer, 'exit')
      await checkLmdbFile(join(path, 'data.mdb'))
    }))
})
