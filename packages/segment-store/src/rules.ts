import { frameIsLive } from './format/journal-frame.ts'
import { trailerHolds } from './format/segment-trailer.ts'
import type { AcknowledgeAt } from './journal/journal.ts'
import { journalWatermark, type Watermark } from './journal/watermark.ts'
import { judgeDamage } from './recovery/journal-scan.ts'
import type { RecoveryRules } from './recovery/recover.ts'
import type { EvictableFrom } from './segment/cache.ts'

/** The decisions on which safety rests, by name, so that a test can put a naive one in the place of each. */
export interface StoreRules extends RecoveryRules {
  readonly acknowledgeAt: AcknowledgeAt
  readonly evictableFrom: EvictableFrom
  readonly watermark: Watermark
}

export const storeRules: StoreRules = {
  acknowledgeAt: 'synced', // H53
  evictableFrom: 'flushed', // H50
  watermark: journalWatermark, // H51
  judge: judgeDamage, // H54
  isLive: frameIsLive,
  trailerHolds,
}
