import type { DiskState } from './answers.ts'

export interface DiskLimits {
  readonly diskWarnPercent: number
  readonly diskNoPlacementPercent: number
  readonly diskRefusePercent: number
}

/** Full as `df` counts: used / (used + available), so that what is reserved for root is nobody's. */
export function judgeDisk(
  space: { readonly usedBytes: number; readonly availableBytes: number },
  limits: DiskLimits,
): DiskState {
  const total = space.usedBytes + space.availableBytes
  const percent = total === 0 ? 0 : (space.usedBytes / total) * 100
  if (percent > limits.diskRefusePercent) return 'refuse'
  if (percent > limits.diskNoPlacementPercent) return 'noPlacement'
  return percent > limits.diskWarnPercent ? 'warn' : 'ok'
}
