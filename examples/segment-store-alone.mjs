import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger, silentMeter } from '@eastguard/kernel'
import { NodeClock, NodeDisk, systemRandom } from '@eastguard/node'
import { BatchBuilder, BatchReader } from '@eastguard/record'
import { defaultStoreSettings, parseSegmentId, SegmentStore } from '@eastguard/segment-store'

const root = await mkdtemp(join(tmpdir(), 'eastguard-example-'))
const settings = { ...defaultStoreSettings, storeId: systemRandom().bytes(16), journalFileBytes: 4 * 2 ** 20 }
const components = { clock: new NodeClock(), logger: silentLogger, meter: silentMeter }
const open = async () => SegmentStore.open(settings, { ...components, disk: await NodeDisk.open({ root }) })

const store = await open()
const segment = parseSegmentId('0000000000000001-0-0')
store.create(segment, 0, new Uint8Array())

const builder = new BatchBuilder({ batchBytesMax: 2 ** 20 })
builder.tryAdd({ key: null, value: new TextEncoder().encode('hello'), headers: [], timestamp: Date.now() })
const { endOffset } = await store.append(segment, builder.build()) // on the disk now
store.commit(segment, endOffset) // and readable
await store.fence(segment)
await store.seal(segment, endOffset)
await store.close()

const again = await open()
const answer = await again.read(segment, 0, 2 ** 20)
if (answer.kind === 'records') {
  for (const part of answer.parts) {
    for (const { value } of BatchReader.open(part).records()) console.log(new TextDecoder().decode(value ?? undefined))
  }
}
await again.close()
await rm(root, { recursive: true })
