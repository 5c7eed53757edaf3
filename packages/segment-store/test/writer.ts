// A process that appends until it is killed. Says on standard output, line by line, what has been acknowledged and what
// it is about to do; the test kills it in the middle.
import { silentLogger, silentMeter } from '@eastguard/kernel'
import { NodeClock, NodeDisk } from '@eastguard/node'
import { SegmentStore } from '../src/index.ts'
import { batchOf, prelude, segmentId, smallSettings } from './support.ts'

const [root = '', seedText = '0'] = process.argv.slice(2)
const seed = Number(seedText)

const components = {
  disk: await NodeDisk.open({ root }),
  clock: new NodeClock(),
  logger: silentLogger,
  meter: silentMeter,
}
const settings = {
  ...smallSettings,
  journalFileBytes: 256 * 1024,
  memoryBytesMax: 4 * 1024 * 1024,
  flushBytes: 64 * 1024,
}
const store = await SegmentStore.open(settings, components)
const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Each segment takes 60 batches, several at once, then is sealed. */
async function fill(lane: number, number: number): Promise<void> {
  const id = segmentId(number, lane)
  store.create(id, 0, prelude)
  const appends: Promise<void>[] = []
  for (let i = 0; i < 60; i++) {
    const value = seed * 1_000_000 + number * 1_000 + i
    const append = store
      .append(id, batchOf(value, 1 + (i % 3), 200 + (i % 5) * 700))
      .then(({ baseOffset, endOffset }) => {
        store.commit(id, endOffset)
        say(`acknowledged ${lane} ${number} ${value} ${1 + (i % 3)} ${200 + (i % 5) * 700} ${baseOffset}`)
      })
    appends.push(append)
    if (i % 7 === 0) await Promise.all(appends)
  }
  await Promise.all(appends)
  const end = store.status(id)?.endOffset ?? 0
  say(`sealing ${lane} ${number}`)
  await store.seal(id, end)
  say(`sealed ${lane} ${number} ${end}`)
}

async function lane(which: number): Promise<never> {
  for (let number = 0; ; number++) await fill(which, number)
}

setInterval(() => {
  const { journalFiles, flushCount, groupCount } = store.stats()
  say(`state ${journalFiles} ${flushCount} ${groupCount}`)
}, 2)
await Promise.all([lane(0), lane(1), lane(2)])
