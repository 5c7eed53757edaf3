import { EastGuardError } from '@eastguard/kernel'
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml'
import { type BrokerSettings, flagOf, type SettingKey, settingKeys, settingTable, variableOf } from './table.ts'

/** Where a value came from, for people: `--listen`, `EASTGUARD_LISTEN`, `eastguard.yaml:3:9`, `default`. */
export type SettingSource = string

export interface SettingInputs {
  /** Flags by setting key, as the command line gave them. */
  readonly flags: { readonly [key: string]: unknown }
  readonly environment: { readonly [name: string]: string | undefined }
  /** The YAML file, already read. */
  readonly file?: { readonly path: string; readonly text: string }
}

export interface LoadedSettings {
  readonly settings: BrokerSettings
  readonly sources: { readonly [Key in SettingKey]: SettingSource }
  /** Variables that start with `EASTGUARD_` and name no setting: a warning, since they may belong to somebody else. */
  readonly unknownVariables: readonly string[]
}

/** Names with our prefix that belong to the command line tool and not to the broker. */
const foreignVariables = new Set(['EASTGUARD_CONFIG', 'EASTGUARD_SERVER'])

/**
 * Merges flags, environment, file and defaults, and checks every value.
 * @throws EG_SETTING_INVALID (fix-call): all complaints in one message, each with the place it comes from
 */
export function loadSettings(inputs: SettingInputs): LoadedSettings {
  const complaints: string[] = []
  const file = inputs.file === undefined ? new Map<string, FileValue>() : readFile(inputs.file, complaints)
  const settings: Record<string, unknown> = {}
  const sources: Record<string, SettingSource> = {}
  for (const key of settingKeys) {
    const { value, source } = pick(key, inputs, file)
    sources[key] = source
    const row = settingTable[key]
    if (value === undefined) {
      settings[key] = row.default
      continue
    }
    const parsed = row.schema.safeParse(value)
    if (parsed.success) settings[key] = parsed.data
    else complaints.push(`${key}: ${JSON.stringify(value)} ${complaintOf(parsed.error.issues)} (${source})`)
  }
  if (complaints.length > 0) throw invalidSetting(complaints)
  const loaded = {
    settings: settings as unknown as BrokerSettings, // every key was set from its own schema or default
    sources: sources as LoadedSettings['sources'],
    unknownVariables: unknownVariables(inputs.environment),
  }
  checkTogether(loaded.settings)
  return loaded
}

/** The rules that no single value shows. @throws EG_SETTING_INVALID (fix-call) */
function checkTogether(settings: BrokerSettings): void {
  const complaints: string[] = []
  if (settings.dataDir === undefined) complaints.push('dataDir: missing; say --data-dir <path>')
  const wildcard = isWildcard(settings.listen.host)
  if (!settings.insecure && !isLoopback(settings.listen.host)) {
    complaints.push(
      `listen: ${settings.listen.host} is reachable from other machines and there is no authentication yet; say --insecure if that is meant`,
    )
  }
  if (wildcard && settings.advertise === undefined) {
    complaints.push(
      `advertise: missing; ${settings.listen.host} means every address, and clients need one to connect to`,
    ) // H9
  }
  if (settings.advertise !== undefined && isWildcard(settings.advertise.host)) {
    complaints.push(`advertise: ${settings.advertise.host} is no address that a client could connect to`) // H9
  }
  if (!Number.isInteger(Math.log2(settings.vnodeCount))) {
    complaints.push(`vnodeCount: ${settings.vnodeCount} is not a power of two`)
  }
  if (settings.batchBytesMax * 2 > settings.journalFileBytes) {
    complaints.push(
      `batchBytesMax: ${settings.batchBytesMax} is more than half of journalFileBytes (${settings.journalFileBytes})`,
    )
  }
  if (complaints.length > 0) throw invalidSetting(complaints)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

interface FileValue {
  readonly value: unknown
  readonly source: SettingSource
}

function pick(key: SettingKey, inputs: SettingInputs, file: ReadonlyMap<string, FileValue>): FileValue {
  if (inputs.flags[key] !== undefined) return { value: inputs.flags[key], source: flagOf(key) }
  const variable = variableOf(key)
  if (inputs.environment[variable] !== undefined) return { value: inputs.environment[variable], source: variable }
  return file.get(key) ?? { value: undefined, source: 'default' }
}

function readFile(
  file: { readonly path: string; readonly text: string },
  complaints: string[],
): Map<string, FileValue> {
  const lines = new LineCounter()
  const document = parseDocument(file.text, { lineCounter: lines, prettyErrors: false })
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${file.path}:${line}:${col}`
  }
  const values = new Map<string, FileValue>()
  for (const error of document.errors) complaints.push(`${error.message} (${place(error.pos[0])})`)
  if (document.errors.length > 0 || document.contents === null) return values
  if (!isMap(document.contents)) {
    complaints.push(`the file must be a map of settings (${place(document.contents.range?.[0] ?? 0)})`)
    return values
  }
  for (const { key, value } of document.contents.items) {
    const name = isScalar(key) ? String(key.value) : String(key)
    const source = place(isScalar(key) ? (key.range?.[0] ?? 0) : 0)
    if (!Object.hasOwn(settingTable, name)) complaints.push(`${name}: no such setting${suggestion(name)} (${source})`)
    else values.set(name, { value: toPlain(value), source })
  }
  return values
}

function toPlain(node: unknown): unknown {
  return typeof node === 'object' && node !== null && 'toJSON' in node && typeof node.toJSON === 'function'
    ? (node.toJSON() as unknown)
    : node
}

function suggestion(name: string): string {
  const plain = name.toLowerCase().replace(/[^a-z]/g, '')
  const near = settingKeys.find((key) => key.toLowerCase() === plain)
  return near === undefined ? '' : `; did you mean ${near}?`
}

function complaintOf(issues: readonly { readonly message: string; readonly code: string }[]): string {
  // A union reports every branch; the branch that spoke of the text form says it best.
  const nested = issues.flatMap((issue) =>
    'errors' in issue ? (issue.errors as readonly (readonly { message: string; code: string }[])[]).flat() : [issue],
  )
  const own = nested.find((issue) => issue.code === 'custom') ?? nested[0]
  return own?.message ?? 'is not valid'
}

function unknownVariables(environment: SettingInputs['environment']): readonly string[] {
  const known = new Set<string>([...settingKeys.map(variableOf), ...foreignVariables])
  return Object.keys(environment).filter((name) => name.startsWith('EASTGUARD_') && !known.has(name))
}

function invalidSetting(complaints: readonly string[]): EastGuardError {
  return new EastGuardError({ code: 'EG_SETTING_INVALID', remedy: 'fix-call', message: complaints.join('\n') })
}
