import type { AbortSignal } from '@eastguard/kernel'
import type { VNodeId } from './ids.ts'
import type { Command } from './vnode/command.ts'
import type { AppliedResult, CommandResult } from './vnode/outcome.ts'
import type { SegmentSpan } from './vnode/rows.ts'
import type { VNodeState } from './vnode/state.ts'

/** How commands get into a vNode and what is known comes out. `@eastguard/ds-rsm/contract` has its cases. */
export interface Proposer {
  /**
   * Settles with the result of applying, after it is durable. Commands that create something carry a random request id,
   * so that proposing the same one again answers `repeated` with the first result; ids are minted at apply.
   * @param options `deadline` in the clock's `now()`
   * @throws EG_NOT_COORDINATOR (refresh-route), EG_OVERLOADED (retry), EG_TIMEOUT (retry), EG_STORAGE_FULL (give-up), or
   * the signal's reason: not applied, never will be
   * @throws EG_OUTCOME_UNKNOWN (retry): may be applied now or later
   */
  propose(vnode: VNodeId, command: Command, options: ProposeOptions): Promise<CommandResult>
  /**
   * Calls `select` once with a state at least as new as every propose that settled before the call, or one that says how
   * old it is. The state is lent until `select` returns: it goes on changing afterwards.
   * @returns what `select` returned
   * @throws EG_NOT_COORDINATOR (refresh-route), EG_TIMEOUT (retry)
   */
  read<Answer>(vnode: VNodeId, options: ReadOptions, select: (read: VNodeRead) => Answer): Promise<Answer>
  /** The present state first, then every command that changed something, in order; never before it is durable. */
  watch(vnode: VNodeId, applied: (event: Applied) => void): Disposable
  /** The vNode time to write into a command that is proposed now, in whole milliseconds. @throws EG_NOT_COORDINATOR */
  vnodeTime(vnode: VNodeId): number
}

export interface ProposeOptions {
  readonly deadline: number
  readonly signal?: AbortSignal
}

export interface ReadOptions {
  readonly freshness: 'linearizable' | 'cached'
  readonly deadline: number
}

export interface VNodeRead {
  readonly state: VNodeState
  readonly appliedIndex: number
  readonly ageMs: number
}

/** `state` is lent until the call returns and at least as new as the event. */
export type Applied =
  | { readonly kind: 'present'; readonly state: VNodeState; readonly appliedIndex: number }
  | {
      readonly kind: 'applied'
      readonly state: VNodeState
      readonly appliedIndex: number
      readonly command: Command
      readonly result: AppliedResult
      /** What the command removed: a store may hold some of it still. */
      readonly removed: readonly SegmentSpan[]
    }

/** Which vNode owns what. */
export interface VNodeDirectory {
  /** Ascending. */
  readonly vnodes: readonly VNodeId[]
  /** @param nameHash MurmurHash3 32 of the topic's name */
  vnodeOf(nameHash: number): VNodeId
}
