import { encodeUtf8 } from '@eastguard/kernel'
import { NodeClock } from '../src/index.ts'
import { LmdbGroupStorage } from '../src/lmdb.ts'

// A process that commits as fast as it can, two rows at a time, and reports each commit once it resolved.
const path = process.argv[2] as string
const storage = await LmdbGroupStorage.open({ path, reserveBytes: 4096 }, { clock: new NodeClock() })
for (let count = 0; ; count++) {
  await storage.commit([
    { kind: 'put', key: encodeUtf8(`a${count}`), value: new Uint8Array(100) },
    { kind: 'put', key: encodeUtf8(`b${count}`), value: new Uint8Array(5000) },
  ])
  process.send?.(count)
}
