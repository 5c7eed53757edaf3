import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { clockCases, diskCases, networkCases, randomCases } from '@eastguard/kernel/contract'
import { describe, expect, it } from 'vitest'
import { NodeClock, NodeDisk, systemRandom } from '../src/index.ts'
import { WsNetwork } from '../src/ws.ts'

describe('NodeClock', () => {
  it.each(clockCases)('$name', ({ run }) =>
    expect(run({ clock: new NodeClock(), pass: (durationMs) => delay(durationMs + 5) })).resolves.toBeUndefined(),
  )
})

describe('systemRandom', () => {
  it.each(randomCases)('$name', ({ run }) => expect(run(systemRandom())).resolves.toBeUndefined())
})

describe('NodeDisk', () => {
  it.each(diskCases)('$name', async ({ run }) => {
    const root = await mkdtemp(join(tmpdir(), 'eastguard-disk-'))
    try {
      await expect(run(await NodeDisk.open({ root }))).resolves.toBeUndefined()
    } finally {
      await rm(root, { recursive: true })
    }
  })
})

describe.each(['127.0.0.1', '::1'])('WsNetwork at %s', (host) => {
  it.each(networkCases)('$name', ({ run }) => expect(run({ network: new WsNetwork(), host })).resolves.toBeUndefined())
})
