import { silentLogger } from '@eastguard/kernel'
import { MemoryClock, MemoryGroupStorage } from '@eastguard/kernel/testing'
import { describe, it } from 'vitest'
import { proposerCases } from '../contract/index.ts'
import { createVNodes, defaultLocalProposerSettings, LocalProposer, parseVNodeId } from '../src/index.ts'
import { seat } from './fixtures.ts'

describe('the local proposer keeps the contract', () => {
  it.each(proposerCases)('$name', async ({ run }) => {
    let storage = new MemoryGroupStorage()
    await createVNodes(storage, { count: 1, clusterId: 'c1'.repeat(16), brokerId: seat.brokerId })
    const clock = new MemoryClock()
    const open = () => LocalProposer.open(defaultLocalProposerSettings, { storage, clock, logger: silentLogger })
    let proposer = await open()
    await run({
      proposer,
      vnode: parseVNodeId(0),
      foreign: parseVNodeId(77),
      deadline: () => clock.now() + 1_000,
      async restart(how) {
        if (how === 'clean') await proposer.close()
        storage = storage.reopen()
        proposer = await open()
        return proposer
      },
    })
  })
})
