import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../scripts/workspace.mjs'
import { RunningBroker } from '../packages/broker.ts'

const execute = promisify(execFile)

/** What each program prints when it did what it shows. */
const shown: { readonly [file: string]: readonly RegExp[] } = {
  'embedded-broker.mjs': [/topic: 'greetings'/, /replicas: 1/],
  'follow-the-tail.mjs': [/^tick 1, \d+ ms after/, /tick 10, \d+ ms after/],
  'produce-and-read.mjs': [
    /on disk: range \d, offset 0/,
    /ada \{"key":"ada","n":0\}[^]*ada \{"key":"ada","n":2\}[^]*"n":4\}/,
  ],
  'segment-store-alone.mjs': [/^hello$/m],
}

describe('the examples', () => {
  let broker: RunningBroker
  beforeAll(async () => {
    broker = await RunningBroker.start()
  }, 30_000)
  afterAll(() => broker[Symbol.asyncDispose]())

  it('are the ones that this test knows', () => {
    const files = readdirSync(join(root, 'examples')).filter((file) => file.endsWith('.mjs'))
    expect(files.sort()).toEqual(Object.keys(shown))
  })

  it.each(Object.entries(shown))('%s does what it says', { timeout: 30_000 }, async (file, patterns) => {
    const env = { ...process.env, EASTGUARD_SERVER: broker.address, NODE_OPTIONS: '' }
    const { stdout, stderr } = await execute(process.execPath, [join(root, 'examples', file)], { env })
    for (const pattern of patterns) expect(stdout).toMatch(pattern)
    expect(stderr).toBe('')
  })
})
