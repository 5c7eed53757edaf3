import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { composeBroker, loadSettings } from '@eastguard/broker'
import { connect } from '@eastguard/client'
import { silentLogger, silentMeter } from '@eastguard/kernel'
import { NodeClock, NodeDisk, systemRandom } from '@eastguard/node'
import { LmdbGroupStorage } from '@eastguard/node/lmdb'
import { WsNetwork } from '@eastguard/node/ws'

const dataDir = await mkdtemp(join(tmpdir(), 'eastguard-example-'))
const { settings } = loadSettings({
  flags: { dataDir, bootstrap: true, listen: '127.0.0.1:0', journalFileBytes: '4MiB' },
  environment: {},
})
const clock = new NodeClock()
const broker = await composeBroker(settings, {
  clock,
  random: systemRandom(),
  network: new WsNetwork(),
  disk: await NodeDisk.open({ root: dataDir }),
  openStorage: () => LmdbGroupStorage.open({ path: join(dataDir, 'meta') }, { clock }),
  logger: silentLogger,
  metrics: { ...silentMeter, print: async () => '', contentType: 'text/plain' },
})
// A write or a sync has failed: nothing in memory is trusted any more.
void broker.failed.then((error) => {
  console.error(error.message)
  process.exit(1)
})

const client = await connect({ seeds: [`127.0.0.1:${broker.address.port}`] })
await client.admin.topics.create('greetings')
const producer = client.producer('greetings')
console.log(await producer.send({ key: 'world', value: 'hello' }))

await client.close()
await broker.close()
await rm(dataDir, { recursive: true })
