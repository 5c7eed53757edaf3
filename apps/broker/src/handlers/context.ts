import type { ReplicaSeat } from '@eastguard/ds-rsm'
import type { Address, Clock, Disk } from '@eastguard/kernel'
import type { SegmentStore } from '@eastguard/segment-store'
import type { Identity } from '../identity.ts'
import type { Metadata } from '../metadata/metadata.ts'
import type { LocalRanges } from '../records/local-ranges.ts'
import type { BrokerSettings } from '../settings/table.ts'

/** What the handlers of unary calls work with. */
export interface BrokerContext {
  readonly settings: BrokerSettings
  readonly identity: Identity
  /** Brokers that may take new segments, each at its present boot. */
  readonly seats: readonly ReplicaSeat[]
  /** The address that clients are told. */
  readonly advertised: Address
  readonly startedAt: number
  readonly clock: Clock
  readonly disk: Disk
  readonly metadata: Metadata
  readonly ranges: LocalRanges
  readonly store: SegmentStore
  connectionCount(): number
  /** What is wrong at the moment, for people. */
  problems(): readonly string[]
}
