import { codedError, type Limits } from '@eastguard/protocol'
import type { Codec } from '@eastguard/record'
import { boundedNumber } from '../settings.ts'

export interface ProducerSettings {
  /**
   * A batch waits this long for more records, ms. 0 sends what one turn of the event loop brings: lower latency, more and
   * smaller batches. Default 5.
   */
  readonly lingerMs?: number
  /** A batch is sent at this size at the latest, bytes, up to the cluster's `batchBytesMax`. Default 65,536. */
  readonly batchBytes?: number
  /** Default none. Compressing costs time here and saves disk and network everywhere else. */
  readonly compression?: 'none' | 'gzip'
  /** Records that wait for their outcome, bytes; `send` waits while it is full. Default 32 MiB. */
  readonly bufferBytes?: number
  /** From `send` to its outcome, ms; then it rejects and says whether the record may have been written. Default 30,000. */
  readonly deadlineMs?: number
}

export interface ResolvedProducerSettings {
  readonly lingerMs: number
  readonly batchBytes: number
  readonly batchBytesMax: number
  readonly codec: Codec | undefined
  readonly bufferBytes: number
  readonly deadlineMs: number
  /** A batch that waits behind others goes on filling up to this age, ms: small against the deadline that it shares. */
  readonly holdMs: number
}

/** `sendMany` and `send` calls that wait for room: a bound for those who await none of them. */
export const waitingCountMax = 1_048_576

const KiB = 1024

/** @throws EG_INVALID_ARGUMENT, EG_CODEC_UNAVAILABLE (fix-call) */
export function resolveProducerSettings(
  settings: ProducerSettings,
  limits: Limits,
  codecs: readonly Codec[],
): ResolvedProducerSettings {
  const { batchBytesMax } = limits
  const deadlineMs = boundedNumber('deadlineMs', settings.deadlineMs ?? 30_000, { min: 1, max: 86_400_000 })
  const lingerMs = boundedNumber('lingerMs', settings.lingerMs ?? Math.min(5, deadlineMs - 1), {
    min: 0,
    max: deadlineMs - 1,
  })
  return {
    lingerMs,
    deadlineMs,
    batchBytes: boundedNumber('batchBytes', settings.batchBytes ?? Math.min(64 * KiB, batchBytesMax), {
      min: 1,
      max: batchBytesMax,
    }),
    batchBytesMax,
    codec: codecNamed(settings.compression ?? 'none', codecs),
    bufferBytes: boundedNumber('bufferBytes', settings.bufferBytes ?? 32 * KiB * KiB, {
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
    }),
    holdMs: Math.max(lingerMs, Math.min(1000, Math.floor(deadlineMs / 10))),
  }
}

function codecNamed(name: string, codecs: readonly Codec[]): Codec | undefined {
  if (name === 'none') return undefined
  const codec = codecs.find((candidate) => candidate.name === name)
  if (codec === undefined)
    throw codedError('EG_CODEC_UNAVAILABLE', `compression ${name} is not available here`, { name })
  return codec
}
