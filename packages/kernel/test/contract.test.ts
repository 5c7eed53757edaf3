import { describe, it } from 'vitest'
import { clockCases, diskCases, groupStorageCases, networkCases, randomCases } from '../contract/index.ts'
import { SeededRandom } from '../src/index.ts'
import { MemoryClock, MemoryDisk, MemoryGroupStorage, MemoryNetwork } from '../src/testing.ts'

describe('MemoryClock', () => {
  it.each(clockCases)('$name', async ({ run }) => {
    const clock = new MemoryClock(1_700_000_000_000)
    await run({ clock, pass: async (durationMs) => clock.advance(durationMs) })
  })
})

describe('SeededRandom', () => {
  it.each(randomCases)('$name', ({ run }) => run(new SeededRandom(7)))
})

describe('MemoryDisk', () => {
  it.each(diskCases)('$name', ({ run }) => run(new MemoryDisk()))
})

describe('MemoryNetwork', () => {
  it.each(networkCases)('$name', ({ run }) => run({ network: new MemoryNetwork(new MemoryClock()), host: 'here' }))
})

describe('MemoryGroupStorage', () => {
  it.each(groupStorageCases)('$name', ({ run }) => {
    const storage = new MemoryGroupStorage()
    return run({ storage, reopen: async () => storage.reopen() })
  })
})
