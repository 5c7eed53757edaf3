import type { SegmentDescription } from '@eastguard/protocol'
import type { SegmentJson } from '../json-schema.ts'

export function segmentJson(segment: SegmentDescription): SegmentJson {
  return {
    ...segment,
    replicas: segment.replicas.map((replica) => ({ ...replica })),
    damaged: segment.damaged ?? null,
  }
}
