import type { Problem } from '@eastguard/ds-rsm'
import type { SegmentStore } from '@eastguard/segment-store'
import { describePlace } from './records/place.ts'

// What is wrong at the moment, for people.

export interface RangeProblems {
  readonly problems: readonly Problem[]
  /** Ranges that take no appends until time passes or people help. */
  readonly stuckRangeCount: number
}

export function describeRanges({ problems, stuckRangeCount }: RangeProblems): readonly string[] {
  const lines = problems.map(describeProblem)
  const named = problems.filter(({ kind }) => kind !== 'notMinted').length
  const others = stuckRangeCount - named
  if (others > 0) {
    lines.push(`${others} ranges take no appends: what they need keeps failing (is the disk full?), the log says what`)
  }
  return lines
}

function describeProblem(problem: Problem): string {
  switch (problem.kind) {
    case 'suspect':
      return `segment ${problem.segment} may lack records, its range takes no appends: ${describePlace(problem.place)}`
    case 'noPlacement':
      return `range ${problem.topic}-${problem.range} waits: ${problem.wanted} brokers wanted, ${problem.available} there`
    case 'notMinted':
      return `segment ${problem.segment} is on the disk and unknown to the metadata: it is kept`
  }
}

export function describeDisk(store: SegmentStore): readonly string[] {
  return store.stats().disk === 'refuse' ? ['the disk is full: appends are refused, reading and deleting go on'] : []
}
