import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryDisk } from '@eastguard/kernel/testing'
import { NodeDisk } from '@eastguard/node'
import { describe, expect, it } from 'vitest'
import { segmentStoreCases } from '../contract/index.ts'
import { openStore } from './support.ts'

describe('a store on a memory disk', () => {
  it.each(segmentStoreCases)('$name', async ({ run }) => {
    const disk = new MemoryDisk()
    await expect(run({ open: async () => (await openStore(disk)).store })).resolves.toBeUndefined()
  })
})

describe('a store on a real disk', () => {
  it.each(segmentStoreCases)('$name', async ({ run }) => {
    const root = await mkdtemp(join(tmpdir(), 'eastguard-store-'))
    try {
      const disk = await NodeDisk.open({ root })
      await expect(run({ open: async () => (await openStore(disk)).store })).resolves.toBeUndefined()
    } finally {
      await rm(root, { recursive: true, force: true })
    }
  })
})
