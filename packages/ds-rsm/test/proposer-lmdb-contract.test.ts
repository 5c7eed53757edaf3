import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@eastguard/kernel'
import { NodeClock } from '@eastguard/node'
import { LmdbGroupStorage } from '@eastguard/node/lmdb'
import { afterEach, beforeEach, describe, it } from 'vitest'
import { proposerCases } from '../contract/index.ts'
import { createVNodes, defaultLocalProposerSettings, LocalProposer, parseVNodeId } from '../src/index.ts'
import { seat } from './fixtures.ts'

const clock = new NodeClock()
let path = ''
let storage: LmdbGroupStorage
let proposer: LocalProposer

const openStorage = () => LmdbGroupStorage.open({ path, mapBytes: 2 ** 24, reserveBytes: 2 ** 16 }, { clock })
const openProposer = () => LocalProposer.open(defaultLocalProposerSettings, { storage, clock, logger: silentLogger })

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'eastguard-proposer-'))
  storage = await openStorage()
  await createVNodes(storage, { count: 1, clusterId: 'c1'.repeat(16), brokerId: seat.brokerId })
  proposer = await openProposer()
})

afterEach(async () => {
  await proposer.close()
  await storage[Symbol.asyncDispose]()
  await rm(path, { recursive: true, force: true })
})

describe('the local proposer keeps the contract on LMDB', () => {
  it.each(proposerCases)('$name', async ({ run }) => {
    await run({
      proposer,
      vnode: parseVNodeId(0),
      foreign: parseVNodeId(77),
      deadline: () => clock.now() + 10_000,
      async restart(how) {
        if (how === 'clean') await proposer.close()
        await storage[Symbol.asyncDispose]()
        storage = await openStorage()
        proposer = await openProposer()
        return proposer
      },
    })
  })
})
