import {
  type AbortSignal,
  abortReason,
  type Clock,
  type Deferred,
  deferred,
  EastGuardError,
  type Timer,
} from '@eastguard/kernel'
import type { VNodeId } from '../ids.ts'
import type { Command } from '../vnode/command.ts'
import type { CommandResult } from '../vnode/outcome.ts'

/**
 * One command on its way: waiting → committing → settled. A deadline or an abort that comes while it waits takes it
 * out for good; one that comes later leaves the outcome unknown, and says so (P15).
 */
export class Proposal {
  readonly vnode: VNodeId
  readonly command: Command
  readonly #outcome: Deferred<CommandResult> = deferred()
  readonly #timer: Timer
  readonly #signal: AbortSignal | undefined
  readonly #onAbort: () => void
  #phase: 'waiting' | 'committing' | 'settled' = 'waiting'

  constructor(of: {
    readonly vnode: VNodeId
    readonly command: Command
    readonly clock: Clock
    readonly deadline: number
    readonly signal: AbortSignal | undefined
  }) {
    this.vnode = of.vnode
    this.command = of.command
    this.#signal = of.signal
    this.#timer = of.clock.setTimer(of.deadline - of.clock.now(), () => this.#stopWaiting(timedOut()))
    this.#onAbort = () => {
      if (of.signal !== undefined) this.#stopWaiting(abortReason(of.signal))
    }
    of.signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  get outcome(): Promise<CommandResult> {
    return this.#outcome.promise
  }

  get waiting(): boolean {
    return this.#phase === 'waiting'
  }

  /** It is being applied: from here on nobody can take it back. */
  start(): void {
    if (this.#phase === 'waiting') this.#phase = 'committing'
  }

  resolve(result: CommandResult): void {
    this.#settle()
    this.#outcome.resolve(result)
  }

  reject(error: Error): void {
    this.#settle()
    this.#outcome.reject(error)
  }

  #stopWaiting(reason: Error): void {
    this.reject(this.#phase === 'committing' ? outcomeUnknown(reason) : reason)
  }

  #settle(): void {
    this.#phase = 'settled'
    this.#timer.cancel()
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }
}

export function outcomeUnknown(cause: unknown): EastGuardError {
  return new EastGuardError({
    code: 'EG_OUTCOME_UNKNOWN',
    remedy: 'retry',
    message: 'the command may have been applied: its commit was under way; propose it again with the same request id',
    cause,
  })
}

export function timedOut(): EastGuardError {
  return new EastGuardError({
    code: 'EG_TIMEOUT',
    remedy: 'retry',
    message: 'the deadline passed before the command was applied; it never will be',
  })
}
