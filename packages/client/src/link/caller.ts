import {
  type AbortSignal,
  abortReason,
  type EastGuardError,
  isEastGuardError,
  sleep,
  withTimeout,
} from '@eastguard/kernel'
import { type UnaryAnswer, type UnaryKind, type UnaryRequest } from '@eastguard/protocol'
import type { Components } from '../components.ts'
import { asEastGuardError } from '../errors.ts'
import { Backoff } from './backoff.ts'
import type { BrokerLink } from './broker-link.ts'
import type { LinkPool } from './link-pool.ts'

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** Default: the client's `callTimeoutMs`. */
  readonly timeoutMs?: number | undefined
}

/** How a call is repeated, and where it goes. */
export interface CallPlan {
  /** The same request again has the same effect as once, so that a lost answer may be asked for again. */
  readonly repeatable?: boolean
  /** Which connection; any broker unless said. */
  readonly link?: (signal: AbortSignal) => Promise<BrokerLink>
  /** Before another attempt: somebody else may be responsible now. */
  readonly refresh?: () => void
}

/** Unary calls with one deadline over all attempts. */
export class Caller {
  readonly #pool: LinkPool
  readonly #components: Components
  readonly #timeoutMs: number

  constructor(pool: LinkPool, components: Components, timeoutMs: number) {
    this.#pool = pool
    this.#components = components
    this.#timeoutMs = timeoutMs
  }

  /**
   * @throws the broker's error; EG_UNREACHABLE when no broker answered before the deadline, EG_TIMEOUT (neither had an
   * effect), EG_OUTCOME_UNKNOWN (it may have had one), the signal's reason
   */
  async call<K extends UnaryKind>(
    kind: K,
    request: UnaryRequest<K>,
    options: CallOptions = {},
    plan: CallPlan = {},
  ): Promise<UnaryAnswer<K>> {
    const { clock, random } = this.#components
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs
    const deadline = clock.now() + timeoutMs
    const backoff = new Backoff({ firstMs: 20, maxMs: 1000 }, random)
    const limit = withTimeout(clock, timeoutMs, kind, options.signal)
    const attempts: Attempts = { failure: undefined, doubt: undefined }
    try {
      for (;;) {
        try {
          const link = await this.#link(plan, limit.signal, (error) => {
            attempts.failure = error
          })
          // The link keeps the deadline itself, and says whether an effect is possible.
          return await link.call(kind, request, { deadline, signal: options.signal })
        } catch (error) {
          const failure = asEastGuardError(error)
          if (failure.code === 'EG_OUTCOME_UNKNOWN') attempts.doubt = failure
          const isOver = options.signal?.aborted === true || limit.signal.aborted || clock.now() >= deadline
          if (isOver || !mayRepeat(failure, plan)) throw outcomeOf(attempts, error, options.signal)
          attempts.failure = failure
          plan.refresh?.()
        }
        await pause(backoff.nextMs(), { clock, deadline, signal: options.signal, attempts })
      }
    } finally {
      limit[Symbol.dispose]()
    }
  }

  #link(plan: CallPlan, signal: AbortSignal, note: (error: EastGuardError) => void): Promise<BrokerLink> {
    return plan.link === undefined ? this.#pool.any(signal, note) : plan.link(signal)
  }
}

/** P15: a call that may have had an effect is repeated only where that changes nothing. */
function mayRepeat(error: Error, plan: CallPlan): boolean {
  if (!isEastGuardError(error) || error.code === 'EG_CLOSED') return false
  if (error.code === 'EG_OUTCOME_UNKNOWN') return plan.repeatable === true
  return error.remedy === 'retry' || error.remedy === 'refresh-route'
}

interface Attempts {
  /** Of the last attempt that failed without doubt. */
  failure: EastGuardError | undefined
  /** Of the last attempt that may have had an effect. */
  doubt: EastGuardError | undefined
}

/** What to tell: a doubt stays one, whatever came after it; the caller's own word; why it never worked; the rest. */
function outcomeOf(attempts: Attempts, last: unknown, signal: AbortSignal | undefined): unknown {
  if (attempts.doubt !== undefined) return attempts.doubt
  if (signal?.aborted) return abortReason(signal)
  return isEastGuardError(last, 'EG_TIMEOUT') ? (attempts.failure ?? last) : last
}

interface Pause {
  readonly clock: Components['clock']
  readonly deadline: number
  readonly signal: AbortSignal | undefined
  readonly attempts: Attempts
}

/** Before another attempt. @throws what the attempts came to when the deadline would pass meanwhile, or on abort */
async function pause(delayMs: number, { clock, deadline, signal, attempts }: Pause): Promise<void> {
  try {
    if (clock.now() + delayMs < deadline) return await sleep(clock, delayMs, signal)
  } catch (error) {
    throw outcomeOf(attempts, error, signal)
  }
  throw outcomeOf(attempts, attempts.failure, signal)
}
