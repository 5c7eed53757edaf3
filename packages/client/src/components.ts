import type { Clock, Logger, Network, Random } from '@eastguard/kernel'
import type { Codec } from '@eastguard/record'

/** What the client needs of the world. `connect` takes Node's; simulations and embedders pass their own. */
export interface Components {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  /** For compressed batches; without the codec of a batch its records cannot be read. */
  readonly codecs: readonly Codec[]
  /** Silent unless given. */
  readonly logger?: Logger | undefined
}
