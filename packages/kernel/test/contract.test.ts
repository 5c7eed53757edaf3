import { describe, expect, it } from 'vitest'
import { clockCases, diskCases, groupStorageCases, networkCases, randomCases } from '../contract/index.ts'
import { SeededRandom } from '../src/index.ts'
import { MemoryClock, MemoryDisk, MemoryGroupStorage, MemoryNetwork } from '../src/testing.ts'

describe('MemoryClock', () => {
  it.each(clockCases)('$name', async ({ run }) => {
    const clock = new MemoryClock(1_700_000_000_000)
    await expect(run({ clock, pass: async (durationMs) => clock.advance(durationMs) })).resolves.toBeUndefined()
  })
})

describe('SeededRandom', () => {
  it.each(randomCases)('$name', ({ run }) => expect(run(new SeededRandom(7))).resolves.toBeUndefined())
})

describe('MemoryDisk', () => {
  it.each(diskCases)('$name', ({ run }) => expect(run(new MemoryDisk())).resolves.toBeUndefined())
})

describe('MemoryNetwork', () => {
  it.each(networkCases)('$name', ({ run }) =>
    expect(run({ network: new MemoryNetwork(new MemoryClock()), host: 'here' })).resolves.toBeUndefined(),
  )
})

describe('MemoryGroupStorage', () => {
  it.each(groupStorageCases)('$name', ({ run }) => {
    const storage = new MemoryGroupStorage()
    return expect(run({ storage, reopen: async () => storage.reopen() })).resolves.toBeUndefined()
  })
})
