import type { AppliedResult, CommandResult, Refusal } from './outcome.ts'
import type { ReplicaSeat, RowWrite, VNodeRow } from './rows.ts'

/** What a command comes to: its answer, and the changes of the rows that go with it (none when nothing changes). */
export interface Decision {
  readonly outcome: CommandResult
  readonly writes: readonly RowWrite[]
}

export function done(result: AppliedResult, writes: readonly RowWrite[]): Decision {
  return { outcome: { kind: 'applied', result }, writes }
}

/** It had been done before: the first result, and no change. */
export function repeated(result: AppliedResult): Decision {
  return { outcome: { kind: 'repeated', result }, writes: [] }
}

export function refused(reason: Refusal): Decision {
  return { outcome: { kind: 'refused', reason }, writes: [] }
}

/** The vNode at `vnodeTime`, or as it is when that has passed: time is applied as a maximum and never falls (P16). */
export function withTime(row: VNodeRow, vnodeTime: number): VNodeRow {
  return vnodeTime > row.vnodeTime ? { ...row, vnodeTime } : row
}

/** @returns why these seats cannot hold a segment of this policy, or undefined */
export function seatsProblem(
  seats: readonly ReplicaSeat[],
  policy: { readonly replicas: number; readonly minReplicas: number },
): string | undefined {
  if (seats.length < policy.minReplicas || seats.length > policy.replicas) {
    return `${seats.length} replicas where the policy wants ${policy.minReplicas} to ${policy.replicas}`
  }
  const brokers = new Set(seats.map((seat) => seat.brokerId))
  return brokers.size === seats.length ? undefined : 'two replicas on one broker'
}
