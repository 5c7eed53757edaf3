import { type Disk, type DiskFile, encodeUtf8, InvariantError } from '../src/index.ts'
import { type ContractCase, holds, rejectsWith, same } from './check.ts'

const hello = encodeUtf8('hello')

export const diskCases: readonly ContractCase<Disk>[] = [
  {
    name: 'what was written is read back, at any position, in parts',
    async run(disk) {
      await using owner = owned(await disk.open('a', 'create'))
      const { file } = owner
      await file.write(0, [hello, new Uint8Array(0), hello])
      await file.write(8, [hello.subarray(0, 1)])
      same(await file.size(), 10, 'size')
      same(await readAll(file), encodeUtf8('hellohelho'), 'content')
      await file.sync()
    },
  },
  {
    name: 'a read is short only at the end of the file',
    async run(disk) {
      await using owner = owned(await disk.open('a', 'create'))
      const { file } = owner
      await file.write(0, [hello])
      same(await file.read(0, new Uint8Array(3)), 3, 'whole')
      same(await file.read(3, new Uint8Array(9)), 2, 'short')
      same(await file.read(5, new Uint8Array(1)), 0, 'nothing at the end')
      same(await file.read(99, new Uint8Array(1)), 0, 'nothing beyond')
    },
  },
  {
    name: 'a write beyond the end leaves zeros between, and truncate cuts and extends with zeros',
    async run(disk) {
      await using owner = owned(await disk.open('a', 'create'))
      const { file } = owner
      await file.write(3, [hello])
      same([...(await readAll(file)).subarray(0, 3)], [0, 0, 0], 'the hole is zeros')
      await file.truncate(4)
      await file.truncate(6)
      same([...(await readAll(file))], [0, 0, 0, hello[0], 0, 0], 'cut and extended')
    },
  },
  {
    name: 'many parts and many megabytes arrive whole',
    async run(disk) {
      await using owner = owned(await disk.open('a', 'create'))
      const { file } = owner
      const parts = Array.from({ length: 3000 }, (_, i) => new Uint8Array(1000 + (i % 7)).fill(i))
      await file.write(1, parts)
      let position = 1
      for (const part of parts) {
        const into = new Uint8Array(part.length)
        same(await file.read(position, into), part.length, 'length')
        holds(
          into.every((byte, i) => byte === part[i]),
          'bytes',
        )
        position += part.length
      }
      same(await file.size(), position, 'size')
    },
  },
  {
    name: 'create refuses what exists, read and write refuse what does not',
    async run(disk) {
      await (await disk.open('a', 'create')).close()
      await rejectsWith(disk.open('a', 'create'), 'EG_DISK_EXISTS')
      await rejectsWith(disk.open('b', 'read'), 'EG_DISK_NOT_FOUND')
      await rejectsWith(disk.open('b', 'write'), 'EG_DISK_NOT_FOUND')
      await rejectsWith(disk.open('no/such/parent', 'create'), 'EG_DISK_NOT_FOUND')
      same(await disk.list(''), [{ name: 'a', directory: false }], 'nothing was made on the way')
    },
  },
  {
    name: 'a file that was opened for reading cannot be changed, a closed one not used',
    async run(disk) {
      await (await disk.open('a', 'create')).close()
      const file = await disk.open('a', 'read')
      await rejectsWith(file.write(0, [hello]), 'EG_DISK_READ_ONLY')
      await rejectsWith(file.truncate(0), 'EG_DISK_READ_ONLY')
      await file.close()
      await file.close()
      await rejectsWith(file.read(0, new Uint8Array(1)), 'EG_DISK_FAILED')
      await rejectsWith(file.size(), 'EG_DISK_FAILED')
    },
  },
  {
    name: 'rename replaces, and an open file follows',
    async run(disk) {
      await using owner = owned(await disk.open('a', 'create'))
      const { file } = owner
      await (await disk.open('b', 'create')).close()
      await disk.rename('a', 'b')
      await file.write(0, [hello])
      await disk.syncDirectory('')
      same(await disk.list(''), [{ name: 'b', directory: false }], 'names')
      await using reader = owned(await disk.open('b', 'read'))
      same(await readAll(reader.file), hello, 'content')
      await rejectsWith(disk.rename('a', 'c'), 'EG_DISK_NOT_FOUND')
    },
  },
  {
    name: 'directories nest, list sorted, and go only when empty',
    async run(disk) {
      await disk.makeDirectory('x/y')
      await disk.makeDirectory('x/y')
      for (const name of ['b', 'B', 'a', 'ä']) await (await disk.open(`x/${name}`, 'create')).close()
      await disk.syncDirectory('x')
      same(
        (await disk.list('x')).map((entry) => `${entry.name}${entry.directory ? '/' : ''}`),
        ['B', 'a', 'b', 'y/', 'ä'],
        'sorted by code unit',
      )
      await rejectsWith(disk.remove('x'), 'EG_DISK_FAILED')
      await rejectsWith(disk.remove('nothing'), 'EG_DISK_NOT_FOUND')
      await rejectsWith(disk.list('nothing'), 'EG_DISK_NOT_FOUND')
      await disk.remove('x/y')
      await disk.remove('x/a')
      same((await disk.list('x')).length, 3, 'three are left')
    },
  },
  {
    name: 'a path that leaves the root is a bug',
    async run(disk) {
      for (const path of ['../a', '/a', 'a/../../b', './a', 'a//b', 'a/', 'a\\b', 'a\0']) {
        const outcome = await disk.open(path, 'create').then(
          () => 'opened',
          (error: unknown) => (error instanceof InvariantError ? 'refused' : String(error)),
        )
        same(outcome, 'refused', `path ${JSON.stringify(path)}`)
      }
    },
  },
  {
    name: 'space is used and available bytes',
    async run(disk) {
      const { usedBytes, availableBytes } = await disk.space()
      holds(usedBytes >= 0 && availableBytes > 0, 'both are counts')
    },
  },
  {
    name: 'a lock is held once, named when refused, and free again after disposal',
    async run(disk) {
      const lock = await disk.lock('lock')
      await rejectsWith(disk.lock('lock'), 'EG_DATA_DIR_LOCKED')
      await lock[Symbol.asyncDispose]()
      await lock[Symbol.asyncDispose]()
      const again = await disk.lock('lock')
      await again[Symbol.asyncDispose]()
    },
  },
]

function owned(file: DiskFile): { readonly file: DiskFile } & AsyncDisposable {
  return { file, [Symbol.asyncDispose]: () => file.close() }
}

async function readAll(file: DiskFile): Promise<Uint8Array> {
  const bytes = new Uint8Array(await file.size())
  await file.read(0, bytes)
  return bytes
}
