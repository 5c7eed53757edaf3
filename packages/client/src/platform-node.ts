import { gzipCodec, NodeClock, systemRandom } from '@eastguard/node'
import { WsNetwork } from '@eastguard/node/ws'
import type { Components } from './components.ts'

/** Import condition `node` of `#platform`: the only place of this package that knows the runtime. */
export function platformComponents(): Components {
  return { clock: new NodeClock(), random: systemRandom(), network: new WsNetwork(), codecs: [gzipCodec] }
}
