import { limitTable } from '@eastguard/protocol'
import { z } from 'zod'
import {
  type HostPort,
  parseBytes,
  parseDuration,
  parseHostPort,
  printBytes,
  printDuration,
  printHostPort,
} from './units.ts'

// Every setting of a broker, once: its flag, environment variable, YAML key, schema, default and help all come from
// here. Flags win over the environment, the environment over the file, the file over the default. What a value may be is
// said here whole: a value that passes does not fail later, when the broker starts with it.

const KiB = 2 ** 10
const MiB = 2 ** 20
const GiB = 2 ** 30
const blockBytes = 4 * KiB

/** One setting. `Value` is what the broker works with; text forms are parsed by the schema. */
export interface Setting<Value> {
  readonly schema: z.ZodType<Value>
  /** The value when nobody says anything; `undefined` where nothing said is a meaning of its own. */
  readonly default: Value
  /** Shown in `--help` as the flag's argument; empty for a switch. */
  readonly placeholder: string
  readonly help: string
  readonly print: (value: Value) => string
}

/** The values of all settings, validated. Sizes are bytes, times are ms. */
export interface BrokerSettings {
  readonly dataDir: string | undefined
  readonly bootstrap: boolean
  readonly clusterId: string | undefined
  readonly listen: HostPort
  readonly advertise: HostPort | undefined
  readonly insecure: boolean
  readonly origins: readonly string[]
  readonly hosts: readonly string[]
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
  readonly logFormat: 'json' | 'text'
  readonly memoryBytes: number
  readonly journalFileBytes: number
  readonly metadataBytesMax: number
  readonly batchBytesMax: number
  readonly produceWindowBytes: number
  readonly produceWindowBatches: number
  readonly consumeWindowBytesMax: number
  readonly connectionsMax: number
  readonly helloTimeout: number
  readonly idleInterval: number
  readonly reconcileInterval: number
  readonly drainTimeout: number
  readonly vnodeCount: number
}

export type SettingKey = keyof BrokerSettings

export const settingTable: { readonly [Key in SettingKey]: Setting<BrokerSettings[Key]> } = {
  dataDir: text('path', 'Folder that holds everything this broker stores.', undefined),
  bootstrap: toggle('Create a new cluster in an empty data folder. Refused where a cluster exists.'),
  clusterId: optional(
    z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hex digits'),
    'id',
    'Refuse a data folder of any other cluster; with --bootstrap, the id to give the new one.',
  ),
  listen: address('host:port', 'Where clients and HTTP requests are accepted. Port 0 takes a free one.', {
    host: '127.0.0.1',
    port: 2921,
  }),
  advertise: optional(
    addressSchema(),
    'host:port',
    'The address that clients are told to use. Needed when listening on a wildcard address.',
    printHostPort,
  ),
  insecure: toggle('Allow listening beyond loopback although there is no authentication yet.'),
  origins: list('origins', 'Origins of web pages that may connect, comma-separated. None may by default.'),
  hosts: list('names', 'Host names that requests may carry beside loopback and the listening address.'),
  logLevel: oneOf(['debug', 'info', 'warn', 'error'], 'info', 'The least important events that are logged.'),
  logFormat: oneOf(['json', 'text'], 'json', 'One JSON object per line, or lines for people.'),
  memoryBytes: bytes(
    16 * MiB,
    64 * GiB,
    256 * MiB,
    'Memory for records: cached ones and those not yet in a segment file.',
  ),
  journalFileBytes: blocks(
    256 * KiB,
    GiB,
    64 * MiB,
    'Size of one journal file, in whole blocks of 4 KiB; written in advance, at least three exist.',
  ),
  metadataBytesMax: bytes(
    4 * MiB,
    1024 * GiB,
    4 * GiB,
    'Most bytes that metadata may take; address space, not memory.',
  ),
  batchBytesMax: bytes(
    4 * KiB,
    limitTable.batchBytesMax.max,
    MiB,
    'Largest batch that a producer may send; journalFileBytes must hold two of them.',
  ),
  produceWindowBytes: bytes(64 * KiB, 64 * MiB, 8 * MiB, 'Bytes that a produce session may have unacknowledged.'),
  produceWindowBatches: count(
    1,
    limitTable.produceWindowBatches.max,
    1_024,
    'Batches that a produce session may have unacknowledged.',
  ),
  consumeWindowBytesMax: bytes(64 * KiB, 64 * MiB, 16 * MiB, 'Most bytes that a reader may ask to be sent ahead.'),
  connectionsMax: count(1, 1_000_000, 10_000, 'Client connections at a time; one more is refused with EG_OVERLOADED.'),
  helloTimeout: duration(
    10,
    limitTable.helloTimeoutMs.max,
    10_000,
    'How long a new connection may stay silent before it is closed.',
  ),
  idleInterval: duration(
    10,
    limitTable.idleIntervalMs.max,
    1_000,
    'Pause after which a silent reader gets an idle frame.',
  ),
  reconcileInterval: duration(10, 60_000, 500, 'Pause between two looks of the coordinator at rolls and retention.'),
  drainTimeout: duration(0, 3_600_000, 10_000, 'How long a stop waits for what is under way.'),
  vnodeCount: count(1, 4_096, 16, 'Metadata shards that --bootstrap creates; fixed afterwards.'),
}

export const settingKeys = Object.keys(settingTable) as readonly SettingKey[]

/** `dataDir` → `--data-dir`. */
export function flagOf(key: SettingKey): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** `dataDir` → `EASTGUARD_DATA_DIR`. */
export function variableOf(key: SettingKey): string {
  return `EASTGUARD_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

function text(placeholder: string, help: string, fallback: undefined): Setting<string | undefined> {
  return { schema: z.string().min(1).optional(), default: fallback, placeholder, help, print: (value) => value ?? '' }
}

function optional<Value>(
  schema: z.ZodType<Value>,
  placeholder: string,
  help: string,
  print: (value: Value) => string = String,
): Setting<Value | undefined> {
  return {
    schema: schema.optional(),
    default: undefined,
    placeholder,
    help,
    print: (value) => (value === undefined ? '' : print(value)),
  }
}

function toggle(help: string): Setting<boolean> {
  const words: { readonly [word: string]: boolean } = {
    true: true,
    '1': true,
    yes: true,
    false: false,
    '0': false,
    no: false,
  }
  const schema = z.union([
    z.boolean(),
    z.string().transform((word, context) => words[word.toLowerCase()] ?? refuse(context, 'true or false')),
  ])
  return { schema, default: false, placeholder: '', help, print: String }
}

function addressSchema(): z.ZodType<HostPort> {
  return z.union([
    z.object({ host: z.string().min(1), port: z.number().int().min(0).max(65_535) }),
    z.string().transform((value, context) => parseHostPort(value) ?? refuse(context, 'host:port')),
  ])
}

function address(placeholder: string, help: string, fallback: HostPort): Setting<HostPort> {
  return { schema: addressSchema(), default: fallback, placeholder, help, print: printHostPort }
}

function list(placeholder: string, help: string): Setting<readonly string[]> {
  const schema = z.union([
    z.array(z.string().min(1)),
    z.string().transform((value) =>
      value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    ),
  ])
  return { schema, default: [], placeholder, help, print: (value) => value.join(',') }
}

function oneOf<const Word extends string>(words: readonly Word[], fallback: Word, help: string): Setting<Word> {
  return { schema: z.enum(words), default: fallback, placeholder: words.join('|'), help, print: String }
}

function number(
  parse: (value: string) => number | undefined,
  what: string,
  min: number,
  max: number,
  print: (value: number) => string,
): z.ZodType<number> {
  return z
    .union([z.number(), z.string().transform((value, context) => parse(value) ?? refuse(context, what))])
    .refine((value) => Number.isSafeInteger(value) && value >= min && value <= max, {
      error: `must be from ${print(min)} to ${print(max)}`,
    })
}

function bytes(min: number, max: number, fallback: number, help: string): Setting<number> {
  return {
    schema: number(parseBytes, 'a size such as 64MiB', min, max, printBytes),
    default: fallback,
    placeholder: 'size',
    help,
    print: printBytes,
  }
}

/** Bytes that a file is written in: a multiple of the store's block. */
function blocks(min: number, max: number, fallback: number, help: string): Setting<number> {
  const setting = bytes(min, max, fallback, help)
  const schema = setting.schema.refine((value) => value % blockBytes === 0, {
    error: `must be a multiple of ${blockBytes}`,
  })
  return { ...setting, schema }
}

function duration(min: number, max: number, fallback: number, help: string): Setting<number> {
  return {
    schema: number(parseDuration, 'a duration such as 5s', min, max, printDuration),
    default: fallback,
    placeholder: 'duration',
    help,
    print: printDuration,
  }
}

function count(min: number, max: number, fallback: number, help: string): Setting<number> {
  const parse = (value: string): number | undefined => (/^\d+$/.test(value) ? Number(value) : undefined)
  return {
    schema: number(parse, 'a whole number', min, max, String),
    default: fallback,
    placeholder: 'n',
    help,
    print: String,
  }
}

function refuse(context: z.RefinementCtx, what: string): never {
  context.addIssue({ code: 'custom', message: `is not ${what}` })
  return z.NEVER
}
