import {
  BoundedQueue,
  type Clock,
  EastGuardError,
  type GroupStorage,
  isEastGuardError,
  type Logger,
  type StorageWrite,
  throwIfAborted,
} from '@eastguard/kernel'
import type { VNodeId } from '../ids.ts'
import type { Applied, ProposeOptions, Proposer, ReadOptions, VNodeDirectory, VNodeRead } from '../ports.ts'
import { apply } from '../vnode/apply.ts'
import type { Command } from '../vnode/command.ts'
import { decodeCommand, encodeCommand } from '../vnode/command-codec.ts'
import type { CommandResult } from '../vnode/outcome.ts'
import { storedVNodes } from './genesis.ts'
import { HostedVNode } from './hosted-vnode.ts'
import { PendingReads } from './pending-reads.ts'
import { outcomeUnknown, Proposal, timedOut } from './proposal.ts'
import { TimeKeeper } from './time-keeper.ts'
import { indexWrite, loadVNode, storageWrites } from './vnode-storage.ts'

/** Numbers that an operator may move. */
export interface LocalProposerSettings {
  /** Commands that wait for their turn; one more is refused with EG_OVERLOADED. Price of more: memory and waiting. */
  readonly waitingCommandsMax: number
  /**
   * Commands of one storage commit; one that makes N ranges counts as N. Price of more: everybody in a turn waits for its
   * last command.
   */
  readonly turnCommandsMax: number
  /** How often vNode time is committed while anything can expire. Price of more: retention is late by it after a crash. */
  readonly timeCommitMs: number
  /**
   * How long a full storage is not tried again with anything but removals. Price of less: each try that fails loads the
   * vNodes it touched anew.
   */
  readonly fullRetryMs: number
}

export const defaultLocalProposerSettings: LocalProposerSettings = {
  waitingCommandsMax: 4_096,
  turnCommandsMax: 256,
  timeCommitMs: 60_000,
  fullRetryMs: 5_000,
}

interface Components {
  /** Not closed by the proposer. */
  readonly storage: GroupStorage
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * The Proposer of a broker that is alone: every vNode is led here, and a command is durable when its rows are.
 *
 * One loop: take what waits → apply in memory → one commit of all changed rows → settle, tell watchers, answer readers.
 * Nobody sees the state between the second step and the end of the third, so nothing is ever shown that a crash could
 * take back (P6).
 */
export class LocalProposer implements Proposer, VNodeDirectory, AsyncDisposable {
  readonly vnodes: readonly VNodeId[]
  /** Resolves once at the first fatal error; after it every call rejects, and the owner must end the process (H52). */
  readonly failed: Promise<Error>
  readonly #settings: LocalProposerSettings
  readonly #components: Components
  readonly #hosted: ReadonlyMap<VNodeId, HostedVNode>
  readonly #waiting: BoundedQueue<Proposal>
  readonly #reads = new PendingReads()
  readonly #timeKeeper: TimeKeeper
  #announceFailure: (error: Error) => void = () => {}
  #failure: Error | undefined
  #closed = false
  #turns: Promise<void> | undefined
  #committing = false
  #full: { readonly error: EastGuardError; readonly until: number } | undefined

  /**
   * Loads every vNode of the storage, whosever it is: `checkBirth` comes first.
   * @throws EG_NO_CLUSTER (fix-call), EG_DATA_DIR_FORMAT, EG_STORAGE_DAMAGED (give-up)
   */
  static async open(settings: LocalProposerSettings, components: Components): Promise<LocalProposer> {
    const { storage, clock } = components
    const ids = storedVNodes(storage)
    const hosted = new Map(ids.map((id) => [id, new HostedVNode(loadVNode(storage, id), clock)]))
    return new LocalProposer(settings, components, hosted)
  }

  private constructor(
    settings: LocalProposerSettings,
    components: Components,
    hosted: ReadonlyMap<VNodeId, HostedVNode>,
  ) {
    this.#settings = settings
    this.#components = components
    this.#hosted = hosted
    this.vnodes = [...hosted.keys()]
    this.#waiting = new BoundedQueue(settings.waitingCommandsMax)
    this.failed = new Promise((resolve) => {
      this.#announceFailure = resolve
    })
    this.#timeKeeper = new TimeKeeper(components.clock, settings.timeCommitMs, () => this.#commitTimes())
  }

  vnodeOf(nameHash: number): VNodeId {
    for (const [id, hosted] of this.#hosted) if (hosted.state.ownsHash(nameHash)) return id
    throw notCoordinator(`no vNode here owns the hash ${nameHash}`)
  }

  vnodeTime(vnode: VNodeId): number {
    return this.#hostedOf(vnode).vnodeTime()
  }

  async propose(vnode: VNodeId, command: Command, options: ProposeOptions): Promise<CommandResult> {
    this.#checkOpen()
    this.#hostedOf(vnode)
    throwIfAborted(options.signal)
    const { clock } = this.#components
    if (options.deadline <= clock.now()) throw timedOut()
    // Through its bytes: apply sees exactly what a log would carry, and nobody can change it any more.
    const carried = decodeCommand(encodeCommand(command))
    if (this.#waiting.count === this.#settings.waitingCommandsMax) throw overloaded(this.#settings.waitingCommandsMax)
    const proposal = new Proposal({
      vnode,
      command: carried,
      clock,
      deadline: options.deadline,
      signal: options.signal,
    })
    this.#waiting.push(proposal)
    this.#turns ??= this.#runTurns()
    return proposal.outcome
  }

  async read<Answer>(vnode: VNodeId, options: ReadOptions, select: (read: VNodeRead) => Answer): Promise<Answer> {
    this.#checkOpen()
    const hosted = this.#hostedOf(vnode)
    const now = (): Answer => select({ state: hosted.state, appliedIndex: hosted.appliedIndex, ageMs: 0 })
    if (!this.#committing) return now()
    return this.#reads.wait(this.#components.clock, options.deadline, now)
  }

  watch(vnode: VNodeId, applied: (event: Applied) => void): Disposable {
    this.#checkOpen()
    const hosted = this.#hostedOf(vnode)
    const stop = hosted.addWatcher(applied)
    if (!this.#committing) hosted.greetWatchers()
    return stop
  }

  /** Commits the vNode times and whatever waits; later calls reject with EG_CLOSED. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return this.#turns
    this.#timeKeeper.stop()
    if (this.#failure === undefined) await this.#commitTimes()
    this.#closed = true
    await this.#turns
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #runTurns(): Promise<void> {
    await Promise.resolve() // commands of one synchronous burst share the first turn
    while (this.#waiting.count > 0 && this.#failure === undefined) {
      const turn = this.#takeTurn()
      if (turn.length === 0) continue
      this.#committing = true
      try {
        await this.#runTurn(turn)
        this.#afterCommit()
      } catch (error) {
        this.#fail(error instanceof Error ? error : new Error(String(error)), turn)
      }
    }
    this.#turns = undefined
  }

  #takeTurn(): Proposal[] {
    const turn: Proposal[] = []
    let room = this.#settings.turnCommandsMax
    for (let next = this.#waiting.peek(); next !== undefined; next = this.#waiting.peek()) {
      room -= weight(next.command)
      if (room < 0 && turn.length > 0) break
      this.#waiting.shift()
      if (next.waiting) turn.push(next)
    }
    return turn
  }

  async #runTurn(turn: readonly Proposal[]): Promise<void> {
    for (const proposal of turn) proposal.start()
    if (this.#full !== undefined && this.#components.clock.now() < this.#full.until) {
      await this.#commitRemovals(turn, this.#full.error)
      return
    }
    try {
      await this.#commitTurn(turn, { removalsOnly: false })
      this.#full = undefined
    } catch (error) {
      if (!isEastGuardError(error, 'EG_STORAGE_FULL')) throw error
      this.#components.logger.warn('metadata storage is full: only trims and deletes pass')
      this.#full = { error, until: this.#components.clock.now() + this.#settings.fullRetryMs }
      this.#reload(turn) // nothing of the turn was applied
      await this.#commitRemovals(turn, error)
    }
  }

  /** H53a: a full disk must be able to delete. The rest of the turn is refused. */
  async #commitRemovals(turn: readonly Proposal[], full: EastGuardError): Promise<void> {
    const removals = turn.filter((proposal) => onlyRemoves(proposal.command))
    for (const proposal of turn) if (!removals.includes(proposal)) proposal.reject(full)
    if (removals.length === 0) return
    await this.#commitTurn(removals, { removalsOnly: true })
    this.#full = undefined // there is room again
  }

  async #commitTurn(turn: readonly Proposal[], how: { readonly removalsOnly: boolean }): Promise<void> {
    const writes: StorageWrite[] = []
    const results = turn.map((proposal) => {
      const hosted = this.#hostedOf(proposal.vnode)
      const decision = apply(hosted.state, proposal.command)
      writes.push(...storageWrites(proposal.vnode, decision.writes))
      hosted.record(proposal.command, decision)
      return decision.outcome
    })
    if (writes.length > 0) {
      const indexes = how.removalsOnly ? [] : this.#indexWrites(turn)
      await this.#components.storage.commit([...writes, ...indexes])
    }
    this.#afterCommit() // watchers know before the proposer of the command can act on its result
    turn.forEach((proposal, i) => {
      const result = results[i]
      if (result !== undefined) proposal.resolve(result)
    })
  }

  #indexWrites(turn: readonly Proposal[]): StorageWrite[] {
    const touched = new Set(turn.map((proposal) => proposal.vnode))
    return [...touched].map((id) => indexWrite(id, this.#hostedOf(id).appliedIndex))
  }

  #reload(turn: readonly Proposal[]): void {
    for (const id of new Set(turn.map((proposal) => proposal.vnode))) {
      this.#hostedOf(id).reload(loadVNode(this.#components.storage, id))
    }
  }

  /** Nothing in memory is ahead of the storage: everybody may look. */
  #afterCommit(): void {
    this.#committing = false
    for (const hosted of this.#hosted.values()) hosted.tellWatchers()
    this.#reads.answer()
  }

  /** H52: the outcome of the commit is unknown, here and on the disk. Nothing more is applied. */
  #fail(error: Error, turn: readonly Proposal[]): void {
    this.#failure = error
    this.#timeKeeper.stop()
    for (const proposal of turn) proposal.reject(outcomeUnknown(error))
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) next.reject(broken(error))
    this.#reads.refuse(broken(error))
    this.#announceFailure(error)
  }

  /** Proposes the present vNode time wherever something can expire; a full or busy storage gets it at the next tick. */
  async #commitTimes(): Promise<void> {
    const { clock, logger } = this.#components
    const deadline = clock.now() + this.#settings.timeCommitMs
    const commits = this.vnodes
      .filter((id) => this.#hostedOf(id).canExpire())
      .map((id) => this.propose(id, { kind: 'advanceTime', vnodeTime: this.vnodeTime(id) }, { deadline }))
    for (const outcome of await Promise.allSettled(commits)) {
      if (outcome.status === 'rejected') logger.warn('vNode time not committed', { reason: String(outcome.reason) })
    }
  }

  #hostedOf(vnode: VNodeId): HostedVNode {
    const hosted = this.#hosted.get(vnode)
    if (hosted === undefined) throw notCoordinator(`vNode ${vnode} is not led by this broker`)
    return hosted
  }

  #checkOpen(): void {
    if (this.#failure !== undefined) throw broken(this.#failure)
    if (!this.#closed) return
    throw new EastGuardError({ code: 'EG_CLOSED', remedy: 'give-up', message: 'the metadata of this broker is closed' })
  }
}

function weight(command: Command): number {
  return command.kind === 'createTopic' ? Math.max(1, command.replicas.length) : 1
}

/** Commands whose changes are removals and nothing else: they pass while the storage is full. */
function onlyRemoves(command: Command): boolean {
  return command.kind === 'trimRange' || command.kind === 'deleteTopic'
}

function notCoordinator(message: string): EastGuardError {
  return new EastGuardError({ code: 'EG_NOT_COORDINATOR', remedy: 'refresh-route', message })
}

function overloaded(limit: number): EastGuardError {
  return new EastGuardError({
    code: 'EG_OVERLOADED',
    remedy: 'retry',
    message: `${limit} metadata commands are waiting, which is the limit`,
    facts: { limit },
  })
}

function broken(cause: Error): EastGuardError {
  return new EastGuardError({
    code: 'EG_STORE_FAILED',
    remedy: 'give-up',
    message: `the metadata storage has failed and this broker must end: ${cause.message}`,
    cause,
  })
}
