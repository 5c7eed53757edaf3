import { isEastGuardError } from '@eastguard/kernel'
import { type Limits, limitTable } from '@eastguard/protocol'
import { describe, expect, it } from 'vitest'
import { type LoadedSettings, loadSettings, type SettingInputs } from '../src/settings/load.ts'
import { flagOf, type SettingKey, settingKeys, settingTable, variableOf } from '../src/settings/table.ts'

const load = (inputs: Partial<SettingInputs>): LoadedSettings =>
  loadSettings({ flags: { dataDir: 'data' }, environment: {}, ...inputs })

const complaint = (inputs: Partial<SettingInputs>): string => {
  try {
    load(inputs)
  } catch (error) {
    if (isEastGuardError(error, 'EG_SETTING_INVALID')) return error.message
    throw error
  }
  return 'accepted'
}

const file = (text: string): { path: string; text: string } => ({ path: 'eastguard.yaml', text })

describe('settings', () => {
  it('come from flags, then environment, then file, then defaults, and say which', () => {
    const inputs = {
      flags: { dataDir: 'flag' },
      environment: { EASTGUARD_DATA_DIR: 'environment', EASTGUARD_MEMORY_BYTES: '32MiB' },
      file: { path: 'eastguard.yaml', text: 'dataDir: file\nmemoryBytes: 64MiB\nidleInterval: 2s\n' },
    }
    const { settings, sources } = loadSettings(inputs)
    expect(settings).toMatchObject({ dataDir: 'flag', memoryBytes: 32 * 2 ** 20, idleInterval: 2_000, vnodeCount: 16 })
    expect(sources).toMatchObject({
      dataDir: '--data-dir',
      memoryBytes: 'EASTGUARD_MEMORY_BYTES',
      idleInterval: 'eastguard.yaml:3:1',
      vnodeCount: 'default',
    })
  })

  it('that a file spells wrong are refused with the place in the file', () => {
    expect(complaint({ file: file('# a comment\nmemory_bytes: 1GiB\nnonsense: 1\n') })).toBe(
      'memory_bytes: no such setting; did you mean memoryBytes? (eastguard.yaml:2:1)\nnonsense: no such setting (eastguard.yaml:3:1)',
    )
  })

  it('that are no YAML, or no map, are refused with the place', () => {
    expect(complaint({ file: file('listen: [1\n') })).toMatch(/eastguard\.yaml:\d+:\d+/)
    expect(complaint({ file: file('- a\n- b\n') })).toBe('the file must be a map of settings (eastguard.yaml:1:1)')
    expect(complaint({ file: file('listen: :1\nlisten: :2\n') })).toMatch(/unique.*eastguard\.yaml:2:1/)
  })

  it.each([
    [{ listen: 'nowhere' }, 'listen: "nowhere" is not host:port (--listen)'],
    [{ memoryBytes: 'lots' }, 'memoryBytes: "lots" is not a size such as 64MiB (--memory-bytes)'],
    [{ memoryBytes: '1' }, 'memoryBytes: "1" must be from 16MiB to 64GiB (--memory-bytes)'],
    [{ idleInterval: '5 parsecs' }, 'idleInterval: "5 parsecs" is not a duration such as 5s (--idle-interval)'],
    [{ vnodeCount: '2.5' }, 'vnodeCount: "2.5" is not a whole number (--vnode-count)'],
    [{ clusterId: 'abc' }, 'clusterId: "abc" must be 32 hex digits (--cluster-id)'],
    [{ idleInterval: '61s' }, 'idleInterval: "61s" must be from 10ms to 1m (--idle-interval)'],
    [{ journalFileBytes: '300001' }, 'journalFileBytes: "300001" must be a multiple of 4096 (--journal-file-bytes)'],
    [{ journalFileBytes: 4097 }, 'journalFileBytes: 4097 must be from 256KiB to 1GiB (--journal-file-bytes)'],
    [{ insecure: 'maybe' }, 'insecure: "maybe" is not true or false (--insecure)'],
  ])('that are not what they should be are refused: %j', (flags, message) => {
    expect(complaint({ flags: { dataDir: 'data', ...flags } })).toBe(message)
  })

  it('that only make sense together are checked together', () => {
    expect(complaint({ flags: {} })).toBe('dataDir: missing; say --data-dir <path>')
    expect(complaint({ flags: { dataDir: 'd', listen: '10.0.0.1:1' } })).toMatch(/^listen: 10.0.0.1 is reachable/)
    expect(complaint({ flags: { dataDir: 'd', listen: '0.0.0.0:1', insecure: true } })).toMatch(/^advertise: missing/)
    expect(complaint({ flags: { dataDir: 'd', advertise: '[::]:1' } })).toMatch(/^advertise: :: is no address/)
    expect(complaint({ flags: { dataDir: 'd', batchBytesMax: '1MiB', journalFileBytes: '1MiB' } })).toMatch(
      /more than half/,
    )
    expect(complaint({ flags: { dataDir: 'd', listen: '10.0.0.1:1', insecure: true } })).toBe('accepted')
  })

  it.each([
    ['batchBytesMax', 'batchBytesMax'],
    ['produceWindowBytes', 'produceWindowBytes'],
    ['produceWindowBatches', 'produceWindowBatches'],
    ['consumeWindowBytesMax', 'consumeWindowBytesMax'],
    ['helloTimeout', 'helloTimeoutMs'],
    ['idleInterval', 'idleIntervalMs'],
  ] as const satisfies readonly (readonly [SettingKey, keyof Limits])[])(
    '%s takes nothing that could not be announced as %s',
    (key, name) => {
      const { schema } = settingTable[key]
      const { min, max } = limitTable[name]
      expect(schema.safeParse(max + 1).success).toBe(false)
      expect(schema.safeParse(min - 1).success).toBe(false)
    },
  )

  it('in variables that name no setting are reported, not refused', () => {
    const environment = { EASTGUARD_COLOUR: 'red', EASTGUARD_SERVER: 'localhost:2921', PATH: '/bin' }
    expect(load({ environment }).unknownVariables).toEqual(['EASTGUARD_COLOUR'])
  })

  it.each(settingKeys)('%s has a flag, a variable, help, and a default that its own schema accepts', (key) => {
    const row = settingTable[key]
    expect(flagOf(key)).toMatch(/^--[a-z]+(-[a-z]+)*$/)
    expect(variableOf(key)).toMatch(/^EASTGUARD(_[A-Z]+)+$/)
    expect(row.help).toMatch(/\.$/)
    if (row.default !== undefined) expect(row.schema.parse(row.default)).toEqual(row.default)
  })

  it.each(settingKeys)('%s prints a value that reads back as itself', (key) => {
    const row = settingTable[key] as (typeof settingTable)[typeof key] & { print(value: unknown): string }
    if (row.default === undefined) return
    expect(row.schema.parse(row.print(row.default))).toEqual(row.default)
  })
})
