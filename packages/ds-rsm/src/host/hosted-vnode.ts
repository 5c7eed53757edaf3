import type { Clock } from '@eastguard/kernel'
import type { Applied } from '../ports.ts'
import type { Command } from '../vnode/command.ts'
import type { Decision } from '../vnode/decision.ts'
import { removedSegments } from '../vnode/rows.ts'
import type { VNodeState } from '../vnode/state.ts'
import type { LoadedVNode } from './vnode-storage.ts'

type Watcher = { readonly tell: (event: Applied) => void; greeted: boolean }
type Change = Omit<Extract<Applied, { kind: 'applied' }>, 'kind' | 'state'>

/** One vNode of this broker: its state, how far it has been applied, who watches it, and its clock. */
export class HostedVNode {
  #state: VNodeState
  #appliedIndex: number
  #changes: Change[] = []
  readonly #watchers = new Set<Watcher>()
  readonly #clock: Clock
  readonly #startedAt: number
  readonly #timeAtStart: number

  constructor(loaded: LoadedVNode, clock: Clock) {
    this.#state = loaded.state
    this.#appliedIndex = loaded.appliedIndex
    this.#clock = clock
    this.#startedAt = clock.now()
    this.#timeAtStart = loaded.state.vnode.vnodeTime
  }

  get state(): VNodeState {
    return this.#state
  }

  get appliedIndex(): number {
    return this.#appliedIndex
  }

  /** P16: what had been committed, plus what has passed here since the start; no wall clock and no downtime in it. */
  vnodeTime(): number {
    const present = this.#timeAtStart + Math.floor(this.#clock.now() - this.#startedAt)
    return Math.max(present, this.#state.vnode.vnodeTime)
  }

  /** Whether vNode time matters to anything here. */
  canExpire(): boolean {
    for (const { row } of this.#state.topics()) {
      if (row.policy.retentionMs !== null || row.policy.segmentAgeMs !== null) return true
    }
    return false
  }

  /** Remembers a command that changed something until its commit has resolved. */
  record(command: Command, { outcome, writes }: Decision): void {
    if (outcome.kind !== 'applied' || writes.length === 0) return
    this.#appliedIndex++
    const { result } = outcome
    this.#changes.push({ command, result, removed: removedSegments(writes), appliedIndex: this.#appliedIndex })
  }

  /** Back to what the storage holds: the commit of everything recorded since was refused as a whole. */
  reload(loaded: LoadedVNode): void {
    this.#state = loaded.state
    this.#appliedIndex = loaded.appliedIndex
    this.#changes = []
  }

  addWatcher(tell: (event: Applied) => void): Disposable {
    const watcher: Watcher = { tell, greeted: false }
    this.#watchers.add(watcher)
    return { [Symbol.dispose]: () => this.#watchers.delete(watcher) }
  }

  /** Tells the watchers of what has become durable. */
  tellWatchers(): void {
    const changes = this.#changes
    this.#changes = []
    for (const watcher of this.#watchers) {
      if (!watcher.greeted) continue // it gets the present state, which has these in it
      for (const change of changes) watcher.tell({ kind: 'applied', state: this.#state, ...change })
    }
    this.greetWatchers()
  }

  /** Gives new watchers the present state. */
  greetWatchers(): void {
    for (const watcher of this.#watchers) {
      if (watcher.greeted) continue
      watcher.greeted = true
      watcher.tell({ kind: 'present', state: this.#state, appliedIndex: this.#appliedIndex })
    }
  }
}
