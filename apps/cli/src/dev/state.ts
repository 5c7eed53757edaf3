import { EastGuardError } from '@eastguard/kernel'
import { z } from 'zod'
import type { CliHost, ProcessIdentity } from '../cli-host.ts'

// What `dev up` has started, in `.eastguard/dev/state.json`: enough to find the process again, and no other one.

export const devFolder = '.eastguard/dev'
const stateFile = `${devFolder}/state.json`

const brokerSchema = z.strictObject({
  /** Null before the broker has answered for the first time. */
  id: z.string().nullable(),
  /** Null when it was stopped by `dev down`. */
  process: z.strictObject({ pid: z.number().int().min(1), startedAt: z.string() }).nullable(),
  dataDir: z.string(),
  port: z.number().int().min(1).max(65_535),
  ephemeral: z.boolean(),
  logFile: z.string(),
})

const stateSchema = z.strictObject({ format: z.literal(1), broker: brokerSchema.nullable() })

export type DevBroker = z.infer<typeof brokerSchema>

/** @throws EG_DISK_FAILED (give-up) when the file is none of ours */
export async function readDevBroker(host: CliHost): Promise<DevBroker | undefined> {
  const path = host.files.absolute(stateFile)
  const text = await host.files.readText(path)
  if (text === undefined) return undefined
  const parsed = stateSchema.safeParse(parseJson(text))
  if (parsed.success) return parsed.data.broker ?? undefined
  throw new EastGuardError({
    code: 'EG_DISK_FAILED',
    remedy: 'give-up',
    message: `${path} is not what dev up writes; remove it when no broker of it runs any more`,
    facts: { path },
  })
}

export async function writeDevBroker(host: CliHost, broker: DevBroker | undefined): Promise<void> {
  const text = JSON.stringify({ format: 1, broker: broker ?? null }, undefined, 2)
  await host.files.writeText(host.files.absolute(stateFile), `${text}\n`)
}

/** The process of the broker, when that very process still runs. */
export async function runningProcess(
  host: CliHost,
  broker: DevBroker | undefined,
): Promise<ProcessIdentity | undefined> {
  const known = broker?.process
  if (known === undefined || known === null) return undefined
  const now = await host.processes.identify(known.pid)
  return now?.startedAt === known.startedAt ? now : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // the schema refuses it
  }
}
