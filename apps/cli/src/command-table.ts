import type { CommandRow, OptionRow } from './command-row.ts'
import {
  parseCountOption,
  parseDurationOption,
  parseNonNegativeOption,
  parseRangesOption,
  parseSizeOption,
  repeated,
} from './options.ts'

// Every command, once: the parser, `--help` and the tests read this table. It loads nothing, so that `--help` is quick.

export const nounSummaries: { readonly [noun: string]: string } = {
  dev: 'a broker on this machine, in the background, to develop against',
  topic: 'topics: named streams of records',
  segment: 'segments: the pieces that a topic is stored in',
}

const yes: OptionRow = { flags: '-y, --yes', help: 'do not ask' }

const policyOptions: readonly OptionRow[] = [
  { flags: '--replicas <n>', help: 'copies of each segment', parse: parseCountOption('--replicas') },
  {
    flags: '--min-replicas <n>',
    help: 'copies without which nothing is written',
    parse: parseCountOption('--min-replicas'),
  },
  {
    flags: '--retention <duration|none>',
    help: 'records go this long after their segment was sealed: 7d, 12h',
    parse: parseDurationOption('--retention', 'none'),
  },
  {
    flags: '--retention-bytes <size|none>',
    help: 'the oldest records of a range go when it holds more: 10GiB',
    parse: parseSizeOption('--retention-bytes', 'none'),
  },
  {
    flags: '--segment-bytes <size>',
    help: 'a segment is sealed at this size: 256MiB',
    parse: parseSizeOption('--segment-bytes'),
  },
  {
    flags: '--segment-age <duration|none>',
    help: 'a segment with data is sealed at this age: 1d',
    parse: parseDurationOption('--segment-age', 'none'),
  },
]

const topicArgument = ['<topic>', 'name of the topic'] as const
const rangeOption: OptionRow = {
  flags: '--range <n>',
  help: 'this range only',
  parse: parseNonNegativeOption('--range'),
}

export const commandTable: readonly CommandRow[] = [
  {
    path: ['start'],
    summary: 'run a broker in the foreground',
    extend: async (command) => (await import('./commands/start.ts')).addStartOptions(command),
    examples: [
      'eastguard start --data-dir ./data --bootstrap',
      'eastguard start --config eastguard.yaml --check-config',
    ],
    load: () => import('./commands/start.ts'),
  },
  {
    path: ['dev', 'up'],
    summary: 'start a broker in the background and wait until it serves',
    options: [
      { flags: '-n, --brokers <n>', help: 'how many; 1 for now', parse: parseCountOption('--brokers') },
      { flags: '--ephemeral', help: 'records in a temporary folder that `dev down` removes' },
    ],
    examples: ['eastguard dev up', 'eastguard dev up --ephemeral --json'],
    load: () => import('./commands/dev/up.ts'),
  },
  {
    path: ['dev', 'down'],
    summary: 'stop what `dev up` has started',
    load: () => import('./commands/dev/down.ts'),
  },
  {
    path: ['dev', 'status'],
    summary: 'what `dev up` has started',
    load: () => import('./commands/dev/status.ts'),
  },
  {
    path: ['dev', 'reset'],
    summary: 'stop it, and remove its records',
    options: [yes],
    load: () => import('./commands/dev/reset.ts'),
  },
  {
    path: ['status'],
    summary: 'the broker on one screen; ends with 10 when it is unhealthy',
    load: () => import('./commands/status.ts'),
  },
  {
    path: ['topic', 'create'],
    summary: 'create a topic',
    arguments: [topicArgument],
    options: [
      {
        flags: '--ranges <n|auto>',
        help: 'how many ranges the keys are spread over: a power of two, or auto',
        parse: parseRangesOption,
      },
      ...policyOptions,
      { flags: '--if-not-exists', help: 'done, not failed, when the topic is there already' },
    ],
    examples: ['eastguard topic create orders --ranges 4 --retention 7d'],
    load: () => import('./commands/topic/create.ts'),
  },
  {
    path: ['topic', 'ls'],
    summary: 'list topics',
    options: [{ flags: '--prefix <text>', help: 'only names that start with it' }],
    load: () => import('./commands/topic/ls.ts'),
  },
  {
    path: ['topic', 'describe'],
    summary: 'a topic, its policy and its ranges',
    arguments: [topicArgument],
    load: () => import('./commands/topic/describe.ts'),
  },
  {
    path: ['topic', 'alter'],
    summary: 'change the policy of a topic',
    arguments: [topicArgument],
    options: policyOptions,
    examples: ['eastguard topic alter orders --retention none'],
    load: () => import('./commands/topic/alter.ts'),
  },
  {
    path: ['topic', 'rm'],
    summary: 'delete topics with all of their records',
    arguments: [['<topic...>', 'names of the topics']],
    options: [yes],
    load: () => import('./commands/topic/rm.ts'),
  },
  {
    path: ['topic', 'trim'],
    summary: 'remove old records: whole sealed segments before a point',
    arguments: [topicArgument],
    options: [
      {
        flags: '--before <point>',
        help: 'end, a time (2026-11-23T04:00:00Z), an age (-7d), or with --range an offset',
      },
      rangeOption,
      yes,
    ],
    examples: ['eastguard topic trim orders --before -7d --yes'],
    load: () => import('./commands/topic/trim.ts'),
  },
  {
    path: ['segment', 'ls'],
    summary: 'list the segments of a topic',
    arguments: [topicArgument],
    options: [rangeOption],
    load: () => import('./commands/segment/ls.ts'),
  },
  {
    path: ['segment', 'describe'],
    summary: 'one segment and its copies',
    arguments: [['<segment>', 'its id, as `segment ls` shows it']],
    load: () => import('./commands/segment/describe.ts'),
  },
  {
    path: ['produce'],
    summary: 'write records: values given here, or lines of a file or of standard input',
    arguments: [topicArgument, ['[value...]', 'values, one record each']],
    options: [
      { flags: '-k, --key <key>', help: 'key of every record' },
      { flags: '-H, --header <name=value>', help: 'header of every record; may be repeated', parse: repeated },
      { flags: '--file <file>', help: 'read lines from here; - is standard input' },
      {
        flags: '--format <format>',
        help: 'lines: a value each; kv: key, separator, value; ndjson: objects as `consume --json` prints them',
        choices: ['lines', 'kv', 'ndjson'],
      },
      { flags: '-D, --separator <text>', help: 'between key and value, a tab unless said; implies kv' },
    ],
    examples: [
      'eastguard produce orders -k u42 hello',
      'eastguard produce orders --file orders.ndjson --format ndjson --json',
      'generate | eastguard produce orders -D :',
    ],
    load: () => import('./commands/produce.ts'),
  },
  {
    path: ['consume'],
    summary: 'read records, and wait for more unless told where to end',
    arguments: [['<topic...>', 'names of the topics']],
    options: [
      {
        flags: '--from <place>',
        help: 'start (unless said), end, an age (-1h), a time (2026-11-23T04:00:00Z) or a position (format %p)',
      },
      { flags: '-n, --count <n>', help: 'end after so many records', parse: parseCountOption('--count') },
      { flags: '--until <place>', help: 'end there: end (as it is now), now, a time or a position' },
      { flags: '-e, --end', help: 'the same as --until end' },
      rangeOption,
      {
        flags: '-f, --format <format>',
        help: '%k key, %v value, %h headers, %t topic, %r range, %o offset, %T time, %p position, %%, \\n, \\t; "%v\\n" unless said',
      },
    ],
    examples: [
      'eastguard consume orders -n 5',
      "eastguard consume orders -e -f '%o %k %v\\n'",
      'eastguard consume orders --from -1h --json',
    ],
    load: () => import('./commands/consume.ts'),
  },
  {
    path: ['version'],
    summary: 'version of this program',
    load: () => import('./commands/version.ts'),
  },
]
