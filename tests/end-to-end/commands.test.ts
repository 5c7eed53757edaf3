import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  errorLineSchema,
  receiptSchema,
  recordSchema,
  removedTopicSchema,
  segmentSchema,
  statusSchema,
  topicSchema,
  topicSummarySchema,
  trimSchema,
} from '../../apps/cli/src/json-schema.ts'
import {
  type Ended,
  eastguard,
  endAll,
  jsonLines,
  type RunOptions,
  startBroker,
  type TestBroker,
  temporaryFolder,
} from './processes.ts'

let broker: TestBroker

beforeAll(async () => {
  broker = await startBroker()
}, 30_000)
afterAll(endAll)

const run = (args: readonly string[], options: RunOptions = {}): Promise<Ended> =>
  eastguard(args, { server: broker.server, ...options })

/** Of a command that must succeed. */
async function json(args: readonly string[], options: RunOptions = {}): Promise<unknown[]> {
  const { code, out, err } = await run([...args, '--json'], options)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return jsonLines(out)
}

let topicCount = 0
async function newTopic(...options: readonly string[]): Promise<string> {
  const name = `topic-${++topicCount}`
  await json(['topic', 'create', name, ...options])
  return name
}

describe('topics', () => {
  it('are created, described, listed, altered and deleted', async () => {
    const created = await json([
      'topic',
      'create',
      'a.b_c-1',
      '--ranges',
      '2',
      '--retention',
      '7d',
      '--segment-bytes',
      '1MiB',
    ])
    const topic = topicSchema.parse(created[0])
    expect(topic).toMatchObject({
      name: 'a.b_c-1',
      ranges: { kind: 'fixed', count: 2 },
      rangeCount: 2,
      policy: { retentionMs: 7 * 86_400_000, segmentBytes: 2 ** 20, replicas: 1 },
    })
    expect(topicSchema.parse((await json(['topic', 'describe', 'a.b_c-1']))[0])).toEqual(topic)
    const altered = topicSchema.parse((await json(['topic', 'alter', 'a.b_c-1', '--retention', 'none']))[0])
    expect(altered.policy).toEqual({ ...topic.policy, retentionMs: null })
    const listed = (await json(['topic', 'ls', '--prefix', 'a.b'])).map((line) => topicSummarySchema.parse(line))
    expect(listed).toMatchObject([{ id: topic.id, name: 'a.b_c-1', rangeCount: 2 }])
    expect(removedTopicSchema.parse((await json(['topic', 'rm', 'a.b_c-1', '--yes']))[0])).toEqual({
      id: topic.id,
      name: 'a.b_c-1',
    })
    expect(await json(['topic', 'ls', '--prefix', 'a.b'])).toEqual([])
  })

  it('print as tables without a terminal: a title, and fields between tabs', async () => {
    const name = await newTopic('--ranges', '1')
    const { out } = await run(['topic', 'ls', '--prefix', name])
    expect(out).toBe(`TOPIC\tRANGES\tSEGMENTS\tRECORDS\tSTORED\tRETENTION\n${out.split('\n')[1]}\n`)
    expect(out.split('\n')[1]).toMatch(new RegExp(`^${name}\\t1\\t`))
    const described = await run(['topic', 'describe', name])
    expect(described.out).toMatch(new RegExp(`^topic\\t${name}\\nid\\t[0-9a-f]{16}\\n`))
    expect(described.out).toContain(
      '\nRANGE\tSTATE\tKEYS\tSTART\tEND\tSEGMENTS\tBYTES\tLEADER\n0\tactive\t00000000-ffffffff\t0\t0\t',
    )
  })

  it('that are there already are no failure with --if-not-exists', async () => {
    const name = await newTopic()
    const [topic] = await json(['topic', 'create', name, '--if-not-exists'])
    expect(topicSchema.parse(topic).name).toBe(name)
  })

  it('that are deleted together end with 7 when some are not there', async () => {
    const name = await newTopic()
    const { code, out, err } = await run(['topic', 'rm', name, 'missing', '--yes', '--json'])
    expect(code).toBe(7)
    expect(jsonLines(out).map((line) => removedTopicSchema.parse(line).name)).toEqual([name])
    const errors = jsonLines(err).map((line) => errorLineSchema.parse(line).error)
    expect(errors).toMatchObject([
      { code: 'EG_TOPIC_NOT_FOUND', exitCode: 3 },
      { exitCode: 7, facts: { deleted: 1, failed: 1 } },
    ])
  })
})

describe('records', () => {
  it('come back as they went in: key, value, headers, time', async () => {
    const name = await newTopic('--ranges', '1')
    const produced = await json(['produce', name, '-k', 'k1', '-H', 'a=1', '-H', 'b=', 'first', 'second'])
    const receipts = produced.map((line) => receiptSchema.parse(line))
    expect(receipts.map(({ topic, range, offset, replicas }) => [topic, range, offset, replicas])).toEqual([
      [name, 0, 0, 1],
      [name, 0, 1, 1],
    ])
    const records = (await json(['consume', name, '-e'])).map((line) => recordSchema.parse(line))
    expect(records).toMatchObject(
      ['first', 'second'].map((value, offset) => ({
        topic: name,
        range: 0,
        offset,
        key: 'k1',
        value,
        headers: { a: '1', b: '' },
      })),
    )
  })

  it('that are no text come as base64, and produce takes them back', async () => {
    const [from, to] = [await newTopic('--ranges', '1'), await newTopic('--ranges', '1')]
    const line = {
      key: '//8=',
      keyEncoding: 'base64',
      value: null,
      headers: { h: { base64: '/w==' }, __proto__x: ['1', null] },
    }
    await json(['produce', from, '--format', 'ndjson'], { stdin: JSON.stringify(line) })
    const { out } = await run(['consume', from, '-e', '--json'])
    expect(recordSchema.parse(JSON.parse(out))).toMatchObject(line)
    await json(['produce', to, '--format', 'ndjson'], { stdin: out })
    const copy = await run(['consume', to, '-e', '--json'])
    expect(copy.out.replace(`"topic":"${to}"`, `"topic":"${from}"`)).toBe(out)
  })

  it('are lines of a file byte for byte, or keys and values', async () => {
    const file = join(temporaryFolder(), 'lines')
    const name = await newTopic('--ranges', '1')
    writeFileSync(file, 'a\r\n\n b ')
    await json(['produce', name, '--file', file])
    expect((await run(['consume', name, '-e', '-f', '[%v]'])).out).toBe('[a\r][][ b ]')
    await json(['produce', name, '-D', '=>'], { stdin: 'k=>v=>w\n' })
    expect((await run(['consume', name, '--from', '3', '-e', '-f', '%o %k|%v\\n'])).out).toBe('3 k|v=>w\n')
  })

  it('are found from an offset, a position, an age, a time and the end', async () => {
    const name = await newTopic('--ranges', '1')
    await json(['produce', name, 'a', 'b', 'c'])
    const values = async (...args: string[]): Promise<string> =>
      (await run(['consume', name, '-e', '-f', '%v', ...args])).out
    expect(await values()).toBe('abc')
    expect(await values('--from', '1')).toBe('bc')
    expect(await values('--from', 'end')).toBe('')
    expect(await values('--from', '-1h')).toBe('abc')
    expect(await values('--from', '2020-01-01')).toBe('abc')
    expect(await values('--until', 'end', '-n', '2')).toBe('ab')
    const positions = (await run(['consume', name, '-e', '-f', '%p\\n'])).out.split('\n')
    expect(await values('--from', positions[2] ?? '')).toBe('c')
  })

  it('of several topics come together', async () => {
    const [one, two] = [await newTopic('--ranges', '1'), await newTopic('--ranges', '1')]
    await json(['produce', one, 'a'])
    await json(['produce', two, 'b'])
    const { out } = await run(['consume', one, two, '-e', '-f', '%t=%v\\n'])
    expect(out.trim().split('\n').toSorted()).toEqual([`${one}=a`, `${two}=b`].toSorted())
  })

  it('stop at a wrong line: what stands before it is stored, and the exit code is 7', async () => {
    const name = await newTopic('--ranges', '1')
    const stdin = '{"value":"a"}\n{"value":"b"}\nnonsense\n{"value":"d"}\n'
    const { code, out, err } = await run(['produce', name, '--format', 'ndjson', '--json'], { stdin })
    expect(code).toBe(7)
    expect(jsonLines(out)).toHaveLength(2)
    const { error } = errorLineSchema.parse(JSON.parse(err))
    expect(error).toMatchObject({
      exitCode: 7,
      facts: { acknowledged: 2, unknown: 0, notSent: 2, firstUnacknowledgedLine: 3 },
    })
    expect((await run(['consume', name, '-e', '-f', '%v'])).out).toBe('ab')
  })
})

describe('segments', () => {
  it('are listed, described, and trimmed when they are sealed', async () => {
    const name = await newTopic('--ranges', '1', '--segment-bytes', '4096')
    // Several appends: a segment is judged between them.
    for (let i = 0; i < 4; i++) await json(['produce', name, 'x'.repeat(3_000), 'y'.repeat(3_000)])
    const sealed = await untilSealed(name)
    const described = await json(['segment', 'describe', sealed.id])
    expect(segmentSchema.parse(described[0])).toEqual(sealed)
    expect((await run(['segment', 'describe', sealed.id])).out).toContain(`segment\t${sealed.id}\ntopic\t${name}\n`)
    expect((await run(['segment', 'ls', name])).out).toMatch(/^SEGMENT\tSTATE\t/)
    const trimmed = trimSchema.parse((await json(['topic', 'trim', name, '--before', 'end', '--yes']))[0])
    expect(trimmed.ranges[0]?.removedSegments).toBeGreaterThan(0)
    expect(trimmed.ranges[0]?.startOffset).toBeGreaterThanOrEqual(sealed.endOffset)
    const { code } = await run(['segment', 'describe', sealed.id])
    expect(code).toBe(3)
  })

  async function untilSealed(name: string): Promise<ReturnType<typeof segmentSchema.parse>> {
    for (let attempt = 0; attempt < 50; attempt++) {
      const segments = (await json(['segment', 'ls', name])).map((line) => segmentSchema.parse(line))
      const sealed = segments.find(({ state }) => state === 'sealed')
      if (sealed !== undefined) return sealed
    }
    throw new Error('no segment was sealed')
  }
})

describe('status', () => {
  it('shows a healthy broker', async () => {
    const status = statusSchema.parse((await json(['status']))[0])
    expect(status).toMatchObject({ healthy: true, problems: [], dataDir: broker.dataDir })
    expect((await run(['status'])).out).toMatch(/^health\thealthy\ncluster\t[0-9a-f]{32}\n/)
  })
})
