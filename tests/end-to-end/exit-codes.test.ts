import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { errorLineSchema } from '../../apps/cli/src/json-schema.ts'
import { eastguard, endAll, start, startBroker, type TestBroker } from './processes.ts'

let broker: TestBroker

beforeAll(async () => {
  broker = await startBroker()
  await eastguard(['topic', 'create', 'there'], { server: broker.server })
}, 30_000)
afterAll(endAll)

/** An address at which nobody listens: port 9 is reserved for throwing away. */
const nobody = '127.0.0.1:9'

describe('exit code', () => {
  it.each([
    [0, ['version']],
    [2, ['topic', 'create', 'bad/name']],
    [2, ['topic', 'create', 'three', '--ranges', '3']],
    [3, ['topic', 'describe', 'missing']],
    [3, ['produce', 'missing', 'x']],
    [3, ['consume', 'missing', '-e']],
    [3, ['segment', 'ls', 'missing']],
    [3, ['topic', 'rm', 'missing', '--yes']],
    [3, ['produce', 'there', '--file', '/no/such/file']],
    [3, ['segment', 'describe', '0000000000000000-0-0']],
    [4, ['topic', 'create', 'there']],
    [5, ['topic', 'create', 'copies', '--replicas', '3']],
    [6, ['status', '--server', nobody, '--timeout', '300ms']],
    [8, ['topic', 'rm', 'there']],
  ] as const)('%i: %j', async (code, args) => {
    const { server } = broker
    const [plain, json] = await Promise.all([eastguard(args, { server }), eastguard([...args, '--json'], { server })])
    expect(plain.code).toBe(code)
    if (code === 0) return
    expect(plain.err).toMatch(/^error: /)
    expect({ code: json.code, out: json.out }).toEqual({ code, out: '' })
    expect(errorLineSchema.parse(JSON.parse(json.err)).error.exitCode).toBe(code)
  })

  it('1: what no other code says', async () => {
    // The file is a folder.
    const { code, err } = await eastguard(['produce', 'there', '--file', '/'], { server: broker.server })
    expect(code).toBe(1)
    expect(err).toMatch(/^error: \/ cannot be used: /)
  })

  it('130: interrupted, and what is printed is whole', async () => {
    const following = start(['consume', 'there', '--json'], { server: broker.server })
    await eastguard(['produce', 'there', 'x'], { server: broker.server })
    await following.untilOut(/\n$/)
    following.child.kill('SIGINT')
    const { code, out, err } = await following.ended
    expect({ code, err }).toEqual({ code: 130, err: '' })
    expect(out.endsWith('}\n')).toBe(true)
  })

  it('130: produce says what became of its lines', async () => {
    const producing = start(['produce', 'there', '--json'], { server: broker.server })
    producing.child.stdin?.write('one\ntwo\n')
    await producing.untilOut(/\n.*\n/)
    producing.child.kill('SIGINT')
    const { code, err } = await producing.ended
    expect(code).toBe(130)
    expect(errorLineSchema.parse(JSON.parse(err)).error).toMatchObject({
      exitCode: 130,
      facts: { acknowledged: 2, unknown: 0, notSent: 0, firstUnacknowledgedLine: null },
    })
  })
})

describe('the error of an unknown topic', () => {
  it.each([[['produce', 'orders', 'x']], [['consume', 'orders', '-e']], [['topic', 'describe', 'orders']]])(
    'of %j shows the command that creates it, and that command works',
    async (args) => {
      const { err } = await eastguard(args, { server: broker.server })
      expect(err).toContain('\n  create it: eastguard topic create orders\n')
      const json = await eastguard(['--server', broker.server, ...args, '--json'])
      const { hint } = errorLineSchema.parse(JSON.parse(json.err)).error
      expect(hint).toBe(`create it: eastguard --server ${broker.server} topic create orders`)
      const words = (hint ?? '').replace('create it: eastguard ', '').split(' ')
      expect((await eastguard(words)).code).toBe(0)
      expect((await eastguard(['topic', 'rm', 'orders', '--yes'], { server: broker.server })).code).toBe(0)
    },
  )
})

describe('help', () => {
  it('comes at once: ten times the bar, as liveness', async () => {
    const from = performance.now()
    const { code, out } = await eastguard(['--help'])
    expect({ code, starts: out.startsWith('Usage: eastguard') }).toEqual({ code: 0, starts: true })
    expect(performance.now() - from).toBeLessThan(1_500)
  })
})
