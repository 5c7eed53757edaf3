import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { commandTable } from '../src/command-table.ts'
import { errorLineSchema, versionSchema } from '../src/json-schema.ts'
import { runCli } from '../src/run.ts'
import { version } from '../src/version.ts'
import { type FakeHostOptions, fakeHost } from './fake-host.ts'

async function eastguard(
  args: readonly string[],
  options?: FakeHostOptions,
): Promise<{ code: number; out: string; err: string }> {
  const host = fakeHost(args, options)
  const code = await runCli(host)
  return { code, out: host.out.text, err: host.err.text }
}

const names = commandTable.map(({ path }) => path.join(' '))

describe('help', () => {
  it('is what the command alone prints, and names every noun', async () => {
    const { code, out } = await eastguard([])
    expect(code).toBe(0)
    for (const { path } of commandTable) expect(out).toMatch(new RegExp(`^  ${path[0]}\\b`, 'm'))
    expect(await eastguard(['--help'])).toEqual({ code, out, err: '' })
  })

  it.each(names)('of %s shows its arguments, its options and those of every command', async (name) => {
    const row = commandTable.find(({ path }) => path.join(' ') === name)
    const { code, out } = await eastguard([...name.split(' '), '--help'])
    expect(code).toBe(0)
    for (const { flags } of row?.options ?? []) expect(out).toContain(flags)
    for (const [form] of row?.arguments ?? []) expect(out).toContain(form.replace(/[<[\]>.]/g, ''))
    expect(out).toContain('--server <host:port,...>')
    expect(await eastguard(['help', ...name.split(' ')])).toEqual({ code, out, err: '' })
  })

  it.each(names)('the README shows %s', (name) => {
    expect(readFileSync(new URL('../README.md', import.meta.url), 'utf8')).toContain(`eastguard ${name}`)
  })
})

describe('usage errors', () => {
  it.each([
    [['nonsense'], /unknown command 'nonsense'/],
    [['consum', 't'], /Did you mean consume\?/],
    [['topic'], /a command is missing/],
    [['topic', 'create'], /missing required argument 'topic'/],
    [['topic', 'create', 'a', 'b'], /too many arguments/],
    [['topic', 'create', 'a', '--ranges', 'x'], /--ranges is "x"; it must be/],
    [['topic', 'create', 'a', '--retention', 'long'], /--retention is "long"; it must be a duration/],
    [['topic', 'alter', 'a'], /nothing to change/],
    [['topic', 'trim', 'a', '--yes'], /--before is missing/],
    [['topic', 'trim', 'a', '--before', '5', '--yes'], /--before is an offset; say --range too/],
    [['topic', 'trim', 'a', '--before', 'soon', '--yes'], /--before is "soon"/],
    [['segment', 'describe', 'x'], /"x" is no segment id/],
    [['produce', 't', 'v', '--file', 'f'], /values and --file/],
    [['produce', 't', '--format', 'xml'], /argument 'xml' is invalid/],
    [['produce', 't', '--format', 'ndjson', '-D', ':'], /--separator has no meaning/],
    [['produce', 't', '-D', ''], /--separator is empty/],
    [['produce', 't', '-D', ':', '-k', 'x'], /--key has no meaning/],
    [['produce', 't', '-H', 'x'], /--header is "x"/],
    [['consume', 't', '-f', '%x'], /--format has "%x"/],
    [['consume', 't', '--json', '-f', '%v'], /--format has no meaning with --json/],
    [['consume', 't', '-n', '0'], /--count is "0"/],
    [['consume', 't', '--from', 'there'], /--from is "there"/],
    [['consume', 't', '-e', '--until', 'now'], /contradict/],
    [['dev', 'up', '-n', '3'], /--brokers is 3; it must be 1, clusters come later/],
    [['--server', 'nowhere', 'status'], /"nowhere" is no address/],
    [['status', '--server', 'a:70000'], /"a:70000" is no address/],
    [['status', '--timeout', '0'], /"0" is no duration/],
  ] as const)('%j ends with 2, in words and as JSON', async (args, message) => {
    const { code, out, err } = await eastguard(args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(message)
    const json = await eastguard(['--json', ...args])
    expect({ code: json.code, out: json.out }).toEqual({ code: 2, out: '' })
    const { error } = errorLineSchema.parse(JSON.parse(json.err))
    expect(error).toMatchObject({ exitCode: 2, code: 'EG_INVALID_ARGUMENT', remedy: 'fix-call' })
  })

  it('of EASTGUARD_SERVER end with 2 too', async () => {
    const { code, err } = await eastguard(['status'], { env: { EASTGUARD_SERVER: 'nowhere' } })
    expect(code).toBe(2)
    expect(err).toContain('"nowhere" is no address')
  })
})

describe('what destroys', () => {
  it.each([
    ['topic', 'rm', 'a'],
    ['topic', 'trim', 'a', '--before', 'end'],
    ['dev', 'reset'],
  ])('%s %s ends with 8 without --yes where nobody can be asked', async (...args) => {
    const { code, err } = await eastguard(args)
    expect(code).toBe(8)
    expect(err).toContain('say --yes if that is meant')
  })

  it('is asked for at a terminal, and left alone unless the answer is yes', async () => {
    const asked = await eastguard(['dev', 'reset'], { terminal: true, stdin: 'n\n' })
    expect(asked).toMatchObject({ code: 1, out: '' })
    expect(asked.err).toContain('Go on? [y/N] ')
    expect(asked.err).toContain('nothing was done')
    expect(await eastguard(['dev', 'reset'], { terminal: true, stdin: 'y\n' })).toMatchObject({ code: 0 })
  })
})

describe('version', () => {
  it('is that of the package, as text and as JSON', async () => {
    const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
      version: string
    }
    expect(version).toBe(manifest.version)
    expect((await eastguard(['version'])).out).toBe(`eastguard ${version} on a test\n`)
    const { out } = await eastguard(['version', '--json'])
    expect(versionSchema.parse(JSON.parse(out))).toEqual({ version, runtime: 'a test' })
  })
})
