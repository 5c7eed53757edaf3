import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { silentLogger, silentMeter } from '@eastguard/kernel'
import { NodeClock, NodeDisk } from '@eastguard/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SegmentStore } from '../src/index.ts'
import { batchOf, digest, readAll, segmentId, smallSettings } from './support.ts'

const kills = Number(process.env['EASTGUARD_KILLS'] ?? 10)

interface Acknowledged {
  readonly lane: number
  readonly number: number
  readonly seed: number
  readonly count: number
  readonly valueBytes: number
  readonly baseOffset: number
}

interface Story {
  readonly acknowledged: readonly Acknowledged[]
  readonly sealed: readonly { readonly lane: number; readonly number: number; readonly end: number }[]
}

let bundle = ''
let home = ''

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'eastguard-kill-'))
  bundle = join(home, 'writer.mjs')
  // esbuild comes with tsup: asking tsup for it keeps one version of it in the workspace.
  const root = createRequire(fileURLToPath(new URL('../../../package.json', import.meta.url)))
  const esbuild = createRequire(root.resolve('tsup'))('esbuild') as {
    build(options: { readonly [name: string]: unknown }): Promise<unknown>
  }
  await esbuild.build({
    entryPoints: [fileURLToPath(new URL('./writer.ts', import.meta.url))],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['eastguard-source', 'node'],
  })
})

afterAll(async () => {
  await rm(home, { recursive: true, force: true })
})

/** When to kill: at the first line that satisfies it, after some acknowledgements. */
type Moment = (line: string, acknowledged: number) => boolean

/** A switch and a flush show as a change between two looks at the writer's counters. */
function onChange(column: number, after: number): Moment {
  let before: string | undefined
  return (line, acknowledged) => {
    if (!line.startsWith('state ')) return false
    const value = line.split(' ')[column]
    const changed = before !== undefined && value !== before
    before = value
    return changed && acknowledged >= after
  }
}

function momentOf(kill: number): Moment {
  const after = 20 + ((kill * 137) % 400)
  if (kill % 5 === 1) return onChange(1, after) // a journal file was begun or let go
  if (kill % 5 === 2) return onChange(2, after) // a flush has ended, others are under way
  if (kill % 5 === 3) return (line, acknowledged) => acknowledged >= after && line.startsWith('sealing ')
  return (_line, acknowledged) => acknowledged >= after
}

async function writeUntilKilled(root: string, seed: number, moment: Moment): Promise<Story> {
  const child: ChildProcess = spawn(process.execPath, [bundle, root, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<string | null>((resolve) => child.on('exit', (_code, signal) => resolve(signal)))
  const [acknowledged, sealed]: [Acknowledged[], { lane: number; number: number; end: number }[]] = [[], []]
  if (child.stdout === null) throw new Error('the writer has no standard output')
  for await (const line of createInterface({ input: child.stdout })) {
    const [kind, ...fields] = line.split(' ')
    const [lane = 0, number = 0, third = 0, count = 0, valueBytes = 0, baseOffset = 0] = fields.map(Number)
    if (kind === 'acknowledged') acknowledged.push({ lane, number, seed: third, count, valueBytes, baseOffset })
    if (kind === 'sealed') sealed.push({ lane, number, end: third })
    if (moment(line, acknowledged.length)) child.kill('SIGKILL')
  }
  expect(await ended).toBe('SIGKILL')
  return { acknowledged, sealed }
}

async function check(root: string, story: Story): Promise<void> {
  const components = {
    disk: await NodeDisk.open({ root }),
    clock: new NodeClock(),
    logger: silentLogger,
    meter: silentMeter,
  }
  const store = await SegmentStore.open({ ...smallSettings, journalFileBytes: 256 * 1024 }, components)
  expect(store.recovered.suspects).toEqual([])
  for (const { lane, number, end } of story.sealed) {
    expect(store.status(segmentId(number, lane))).toMatchObject({ state: 'sealed', endOffset: end })
  }
  const found = new Map<string, string>()
  for (const { id, endOffset, commitOffset } of store.segments()) {
    if (commitOffset < endOffset) store.commit(id, endOffset) // the newest commits go with a later group: see commit
    for (const part of (await readAll(store, id)).parts) {
      const view = new DataView(part.buffer, part.byteOffset)
      found.set(`${id} ${view.getUint32(8, true)}`, body(part))
    }
  }
  for (const { lane, number, seed, count, valueBytes, baseOffset } of story.acknowledged) {
    expect(found.get(`${segmentId(number, lane)} ${baseOffset}`)).toBe(body(batchOf(seed, count, valueBytes)))
  }
  await store.close()
}

/** All that the producer made: everything but the stamp. */
function body(batch: Uint8Array): string {
  return digest([batch.subarray(0, 8), batch.subarray(28)])
}

describe('a writer that is killed', () => {
  it.each(Array.from({ length: kills }, (_, i) => i))(
    'has every acknowledged batch on disk, byte for byte: kill %i',
    async (kill) => {
      const root = join(home, String(kill))
      const story = await writeUntilKilled(root, kill, momentOf(kill))
      expect(story.acknowledged.length).toBeGreaterThanOrEqual(20)
      await check(root, story)
      await check(root, story) // recovery twice is recovery once
      await rm(root, { recursive: true, force: true })
    },
    20_000,
  )
})
