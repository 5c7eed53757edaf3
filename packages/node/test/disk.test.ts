import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { open, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { NodeDisk } from '../src/index.ts'
import { NodeFile } from '../src/node-file.ts'
import { asDiskError } from '../src/system-error.ts'
import { buildProgram } from './built-program.ts'
import { withDirectory } from './scratch-directory.ts'

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code })
}

describe('NodeDisk', () => {
  it('a file where the root should be is refused in words', () =>
    withDirectory(async (folder) => {
      const root = join(folder, 'data')
      await writeFile(root, '')
      await expect(NodeDisk.open({ root })).rejects.toMatchObject({
        code: 'EG_DISK_EXISTS',
        message: expect.stringMatching(/data' failed: it is a file; name a folder/),
      })
    }))
})

describe('NodeFile', () => {
  it('a short write goes on where it stopped', () =>
    withDirectory(async (root) => {
      const handle = await open(join(root, 'a'), 'w+')
      const real = handle.writev.bind(handle)
      const short = vi.spyOn(handle, 'writev').mockImplementation((parts, position) => {
        // Three bytes at a time, whatever the parts.
        const all = Buffer.concat(parts as Buffer[])
        return real([all.subarray(0, 3)], position) as never
      })
      const file = new NodeFile(handle, 'a', true)
      await file.write(2, [Uint8Array.of(1, 2), Uint8Array.of(3, 4, 5, 6, 7), Uint8Array.of(8)])
      expect(short).toHaveBeenCalledTimes(3)
      const into = new Uint8Array(10)
      expect(await file.read(0, into)).toBe(10)
      expect([...into]).toEqual([0, 0, 1, 2, 3, 4, 5, 6, 7, 8])
      await file.close()
    }))

  it('a failed sync poisons the file: nothing on it succeeds again (H52)', () =>
    withDirectory(async (root) => {
      const handle = await open(join(root, 'a'), 'w+')
      vi.spyOn(handle, 'datasync').mockRejectedValueOnce(systemError('EIO'))
      const file = new NodeFile(handle, 'a', true)
      await expect(file.sync()).rejects.toMatchObject({ code: 'EG_DISK_FAILED', facts: { system: 'EIO', path: 'a' } })
      await expect(file.sync()).rejects.toMatchObject({ code: 'EG_DISK_FAILED' })
      await expect(file.write(0, [Uint8Array.of(1)])).rejects.toMatchObject({ code: 'EG_DISK_FAILED' })
      await expect(file.read(0, new Uint8Array(1))).rejects.toMatchObject({ code: 'EG_DISK_FAILED' })
      await file.close()
    }))

  it.each([
    ['ENOENT', 'EG_DISK_NOT_FOUND'],
    ['EEXIST', 'EG_DISK_EXISTS'],
    ['EROFS', 'EG_DISK_READ_ONLY'],
    ['EACCES', 'EG_DISK_READ_ONLY'],
    ['EPERM', 'EG_DISK_READ_ONLY'],
    ['ENOSPC', 'EG_DISK_FULL'],
    ['EDQUOT', 'EG_DISK_FULL'],
    ['EIO', 'EG_DISK_FAILED'],
  ])('%s is %s', (word, code) => {
    expect(asDiskError('write', 'a', systemError(word))).toMatchObject({ code, facts: { system: word } })
  })
})

describe('the lock of a data directory', () => {
  it('names the process that holds it', () =>
    withDirectory(async (root) => {
      await using holder = await holdingProcess(root)
      const disk = await NodeDisk.open({ root })
      await expect(disk.lock('lock')).rejects.toMatchObject({
        code: 'EG_DATA_DIR_LOCKED',
        remedy: 'fix-call',
        facts: { pid: holder.process.pid },
        message: expect.stringContaining(String(holder.process.pid)),
      })
    }))

  it('is taken over from a killed process, by exactly one of many', () =>
    withDirectory(async (root) => {
      const holder = await holdingProcess(root)
      await holder[Symbol.asyncDispose]()
      expect(await readdir(root)).toEqual(['lock'])
      const disk = await NodeDisk.open({ root })
      const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => disk.lock('lock')))
      const held = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
      expect(held).toHaveLength(1)
      expect(await readdir(root)).toEqual(['lock'])
      await held[0]?.[Symbol.asyncDispose]()
      expect(await readdir(root)).toEqual([])
    }))

  it.each([
    ['of a process id that was used again', { pid: process.pid, startTime: '1', hostBootId: '' }],
    ['of another boot of the host', { pid: process.pid, startTime: '', hostBootId: 'another' }],
  ])('%s is taken over', (_name, owner) =>
    withDirectory(async (root) => {
      if (process.platform !== 'linux') return // only /proc tells the difference
      await writeFile(join(root, 'lock'), JSON.stringify(owner))
      const disk = await NodeDisk.open({ root })
      await using lock = await disk.lock('lock')
      expect(lock).toBeDefined()
    }),
  )

  it('an empty lock, as a power failure leaves it, is taken over', () =>
    withDirectory(async (root) => {
      await writeFile(join(root, 'lock'), '')
      const disk = await NodeDisk.open({ root })
      await using lock = await disk.lock('lock')
      expect(lock).toBeDefined()
    }))

  it('an heir that died while it took over has heirs', () =>
    withDirectory(async (root) => {
      const dead = { pid: 2 ** 30, startTime: '', hostBootId: '' }
      const heir = { pid: 2 ** 30 + 1, startTime: '', hostBootId: '' }
      await writeFile(join(root, 'lock'), JSON.stringify(dead))
      await writeFile(join(root, `lock.heir-of-${dead.pid}--`), JSON.stringify(heir))
      const disk = await NodeDisk.open({ root })
      await using lock = await disk.lock('lock')
      await expect(disk.lock('lock')).rejects.toMatchObject({ facts: { pid: process.pid } })
      expect(lock).toBeDefined()
      expect(await readdir(root)).toEqual(['lock'])
    }))
})

/** Another process that holds the lock until it is killed. */
async function holdingProcess(root: string): Promise<{ readonly process: ChildProcess } & AsyncDisposable> {
  await using program = await buildProgram('lock-holder.ts')
  const child = fork(program.file, [root], { execArgv: [] })
  await once(child, 'message')
  return {
    process: child,
    [Symbol.asyncDispose]: async () => {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}
