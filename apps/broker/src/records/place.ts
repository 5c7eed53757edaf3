import type { Place } from '@eastguard/segment-store'

/** A place on the disk, for people. */
export function describePlace({ file, position, reason }: Place): string {
  return `${file} at byte ${position}: ${reason}`
}
