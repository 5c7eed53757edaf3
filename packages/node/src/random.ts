import { randomBytes } from 'node:crypto'
import { type Random, SeededRandom } from '@eastguard/kernel'

/** Seeded from the system: another stream in each process. Not for secrets. */
export function systemRandom(): Random {
  return new SeededRandom(randomBytes(6).readUIntLE(0, 6))
}
