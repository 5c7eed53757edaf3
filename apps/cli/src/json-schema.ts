import { z } from 'zod'

// Everything that `--json` ever prints, in one place: the types that commands fill, and the schemas that tests and
// scripts hold against the output. Fields may be added; none is removed, renamed or given a second meaning.
// Commands import the types alone, so that none of them waits for the schema library.

const count = z.number().int().min(0)
const timeMs = z.number().int().min(0)
const hexId = (digits: number): z.ZodString => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`))

/** `produce`: one line per record. */
export const receiptSchema = z.strictObject({
  topic: z.string(),
  range: count,
  offset: count,
  /** Append time of the broker. */
  time: timeMs,
  /** Copies on disk. */
  replicas: z.number().int().min(1),
  /** Only behind the first line that has no receipt: the number of the record's line, from 1. */
  line: z.number().int().min(1).optional(),
})
export type ReceiptJson = z.infer<typeof receiptSchema>

const headerValueSchema = z.union([z.string(), z.null(), z.strictObject({ base64: z.base64() })])

/** `consume`: one line per record. `produce --format ndjson` takes the same lines. */
export const recordSchema = z.strictObject({
  topic: z.string(),
  range: count,
  offset: count,
  key: z.string().nullable(),
  /** There when the key is no UTF-8 text: `key` is base64 then. */
  keyEncoding: z.literal('base64').optional(),
  value: z.string().nullable(),
  /** There when the value is no UTF-8 text: `value` is base64 then. */
  valueEncoding: z.literal('base64').optional(),
  /** By name; a name that comes more than once has the list of its values. What is no UTF-8 text is `{ base64 }`. */
  headers: z.record(z.string(), z.union([headerValueSchema, z.array(headerValueSchema).min(2)])),
  timestamp: timeMs,
})
export type RecordJson = z.infer<typeof recordSchema>
export type HeaderValueJson = z.infer<typeof headerValueSchema>

const policySchema = z.strictObject({
  replicas: count,
  minReplicas: count,
  /** null: none. */
  retentionMs: timeMs.nullable(),
  retentionBytes: count.nullable(),
  segmentBytes: count,
  segmentAgeMs: timeMs.nullable(),
})

const leaderSchema = z.strictObject({ brokerId: hexId(32), host: z.string(), port: count })

/** `topic create`, `topic describe`, `topic alter`: one object. */
export const topicSchema = z.strictObject({
  id: hexId(16),
  name: z.string(),
  createdAt: timeMs,
  ranges: z.union([
    z.strictObject({ kind: z.literal('auto') }),
    z.strictObject({ kind: z.literal('fixed'), count: z.number().int().min(1) }),
  ]),
  policy: policySchema,
  rangeCount: count,
  rangeList: z.array(
    z.strictObject({
      range: count,
      state: z.enum(['active', 'sealed']),
      keyHashFirst: count,
      keyHashLast: count,
      startOffset: count,
      endOffset: count,
      segmentCount: count,
      bytes: count,
      activeSegment: count.nullable(),
      leader: leaderSchema.nullable(),
    }),
  ),
})
export type TopicJson = z.infer<typeof topicSchema>

/** `topic ls`: one line per topic. */
export const topicSummarySchema = z.strictObject({
  id: hexId(16),
  name: z.string(),
  createdAt: timeMs,
  rangeCount: count,
  segmentCount: count,
  recordCount: count,
  bytes: count,
  policy: policySchema,
})
export type TopicSummaryJson = z.infer<typeof topicSummarySchema>

/** `topic rm`: one line per topic that is gone. */
export const removedTopicSchema = z.strictObject({ id: hexId(16), name: z.string() })
export type RemovedTopicJson = z.infer<typeof removedTopicSchema>

/** `topic trim`: one object. */
export const trimSchema = z.strictObject({
  topic: z.string(),
  ranges: z.array(z.strictObject({ range: count, startOffset: count, removedSegments: count })),
})
export type TrimJson = z.infer<typeof trimSchema>

/** `segment ls`: one line per segment. `segment describe`: one object. */
export const segmentSchema = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{16}-\d+-\d+$/),
  topic: hexId(16),
  range: count,
  segment: count,
  state: z.enum(['active', 'sealed']),
  startOffset: count,
  endOffset: count,
  bytes: count,
  createdAt: timeMs,
  sealedAt: timeMs.nullable(),
  replicas: z.array(z.strictObject({ brokerId: hexId(32), bootId: count, confirmed: z.boolean() })),
  /** What is damaged and where; null when nothing is known to be. */
  damaged: z.string().nullable(),
})
export type SegmentJson = z.infer<typeof segmentSchema>

/** `status`: one object. */
export const statusSchema = z.strictObject({
  healthy: z.boolean(),
  problems: z.array(z.string()),
  clusterId: hexId(32),
  brokerId: hexId(32),
  bootId: count,
  software: z.string(),
  startedAt: timeMs,
  uptimeMs: timeMs,
  dataDir: z.string(),
  addresses: z.array(z.strictObject({ name: z.string(), host: z.string(), port: count })),
  disk: z.strictObject({
    usedBytes: count,
    availableBytes: count,
    state: z.enum(['ok', 'warn', 'noPlacement', 'refuse']),
  }),
  store: z.record(z.string(), z.number()),
  topics: count,
  connections: count,
})
export type StatusJson = z.infer<typeof statusSchema>

/** `dev up`, `dev status`: one object. */
export const devStatusSchema = z.strictObject({
  brokers: z.array(
    z.strictObject({
      /** null before the broker has answered for the first time. */
      id: hexId(32).nullable(),
      /** null when it does not run. */
      pid: z.number().int().min(1).nullable(),
      dataDir: z.string(),
      ports: z.strictObject({ client: z.number().int().min(1).max(65_535) }),
      rack: z.string().nullable(),
      /** `crashed`: it ended, and not by `dev down`. */
      state: z.enum(['running', 'starting', 'stopped', 'crashed']),
      ephemeral: z.boolean(),
      logFile: z.string(),
    }),
  ),
})
export type DevStatusJson = z.infer<typeof devStatusSchema>

/** `dev down`: one object with the processes that ended. */
export const devDownSchema = z.strictObject({ stopped: z.array(z.strictObject({ pid: z.number().int().min(1) })) })
export type DevDownJson = z.infer<typeof devDownSchema>

/** `dev reset`: one object with the folders that are gone. */
export const devResetSchema = z.strictObject({ removed: z.array(z.string()) })
export type DevResetJson = z.infer<typeof devResetSchema>

/** `start`: one line per thing that the broker says on standard output; its log goes to standard error. */
export const startLineSchema = z.strictObject({ message: z.string() })
export type StartLineJson = z.infer<typeof startLineSchema>

/** `version`: one object. */
export const versionSchema = z.strictObject({ version: z.string(), runtime: z.string() })
export type VersionJson = z.infer<typeof versionSchema>

const factsSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null(), z.undefined()]))

const errorSchema = z.strictObject({
  /** Stable, `EG_…`; missing for outcomes that have an exit code only. */
  code: z.string().regex(/^EG_/).optional(),
  remedy: z.enum(['retry', 'refresh-route', 'fix-call', 'give-up']).optional(),
  /** For people: never parse it. */
  message: z.string(),
  exitCode: count,
  facts: factsSchema,
  /** What to type next. */
  hint: z.string().optional(),
})
export type ErrorJson = z.infer<typeof errorSchema>

/** On standard error, one line, whenever a command with `--json` ends with another code than 0 and 10. */
export const errorLineSchema = z.strictObject({ error: errorSchema })
