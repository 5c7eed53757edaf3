import { type Deferred, deferred } from '../deferred.ts'
import { type DiskErrorCode, diskError } from '../disk-error.ts'

export type DiskOperation =
  | 'open'
  | 'read'
  | 'write'
  | 'sync'
  | 'truncate'
  | 'rename'
  | 'remove'
  | 'makeDirectory'
  | 'syncDirectory'
  | 'list'

export interface DiskFault {
  readonly operation: DiskOperation
  /** Only calls on this path count; all paths without it. */
  readonly path?: string
  /** Which call from now on fails, from 1. Default 1. */
  readonly at?: number
  /** Default EG_DISK_FAILED. */
  readonly code?: DiskErrorCode
}

/** Counts calls, makes chosen ones fail, holds others back. */
export class DiskFaults {
  readonly #counts = new Map<string, number>()
  readonly #holds = new Set<{ operation: DiskOperation; path: string | undefined; gate: Deferred<void> }>()
  #faults: { fault: DiskFault; left: number }[] = []

  add(fault: DiskFault): void {
    this.#faults.push({ fault, left: fault.at ?? 1 })
  }

  hold(operation: DiskOperation, path: string | undefined): () => void {
    const hold = { operation, path, gate: deferred<void>() }
    this.#holds.add(hold)
    return () => {
      this.#holds.delete(hold)
      hold.gate.resolve()
    }
  }

  count(operation: DiskOperation, path: string | undefined): number {
    return this.#counts.get(`${operation} ${path ?? ''}`) ?? 0
  }

  /** Waits while held, at least one turn. @returns the error that this call must fail with */
  async enter(operation: DiskOperation, path: string): Promise<Error | undefined> {
    this.#increment(`${operation} ${path}`)
    if (path !== '') this.#increment(`${operation} `)
    const error = this.#fault(operation, path)
    const gates = [...this.#holds].filter((hold) => matches(hold, operation, path)).map((hold) => hold.gate.promise)
    await Promise.all(gates)
    return error
  }

  #increment(key: string): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  #fault(operation: DiskOperation, path: string): Error | undefined {
    let code: DiskErrorCode | undefined
    for (const entry of this.#faults) {
      if (matches(entry.fault, operation, path) && --entry.left === 0) code ??= entry.fault.code ?? 'EG_DISK_FAILED'
    }
    this.#faults = this.#faults.filter((entry) => entry.left > 0)
    return code === undefined ? undefined : diskError(code, operation, path, 'an injected failure')
  }
}

function matches(
  wanted: { readonly operation: DiskOperation; readonly path?: string | undefined },
  operation: DiskOperation,
  path: string,
): boolean {
  return wanted.operation === operation && (wanted.path === undefined || wanted.path === path)
}
