import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { connect, type EastGuard } from '@eastguard/client'

export const question = 'How many records a second go through one broker and come back, and how long does one take?'

// A broker process and this one, over loopback, everything on disk before the answer. Needs `pnpm build`. The machine's
// own limits are measured in the same run: a sync of 4 KiB, and writing with one sync per MiB.

const recordCount = 1_000_000
const record = { key: 'key-00000042', value: new Uint8Array(88).fill(97) }
const port = 29_210

const dataDir = await mkdtemp(join(tmpdir(), 'eastguard-bench-'))
const rows: (readonly [metric: string, value: string])[] = []
try {
  await measureMachine()
  const broker = await startBroker()
  const client = await connect({ seeds: [`127.0.0.1:${port}`] })
  try {
    await measureProduce(client)
    await measureConsume(client)
    await measureLatency(client)
  } finally {
    await client.close()
    broker.kill('SIGTERM')
    await once(broker, 'exit')
  }
} finally {
  await rm(dataDir, { recursive: true, force: true })
}
for (const [metric, value] of rows) console.log(`${metric.padEnd(44)} ${value.padStart(18)}`)

async function measureMachine(): Promise<void> {
  const file = await open(join(dataDir, 'limit'), 'w')
  const small = new Uint8Array(4096)
  const large = new Uint8Array(2 ** 20)
  await file.write(new Uint8Array(64 * 2 ** 20), 0, 64 * 2 ** 20, 0)
  await file.datasync()
  const syncs = await millis(async () => {
    for (let i = 0; i < 200; i++) {
      await file.write(small, 0, small.length, i * small.length)
      await file.datasync()
    }
  })
  const writes = await millis(async () => {
    for (let i = 0; i < 64; i++) {
      await file.write(large, 0, large.length, i * large.length)
      await file.datasync()
    }
  })
  await file.close()
  rows.push(['machine: write 4 KiB and sync, mean', `${(syncs / 200).toFixed(2)} ms`])
  rows.push(['machine: write 1 MiB and sync', `${((64 / writes) * 1000).toFixed(0)} MiB/s`])
}

async function measureProduce(client: EastGuard): Promise<void> {
  await client.admin.topics.create('one')
  const one = client.producer('one')
  const single = await millis(async () => {
    for (let i = 0; i < recordCount; i++) void one.send(record)
    await one.flush()
  })
  await one.close()
  rows.push(['produce 100 B, one promise each', perSecond(recordCount, single)])
  await client.admin.topics.create('many')
  const many = client.producer('many')
  const thousand = Array.from({ length: 1000 }, () => record)
  const bulk = await millis(async () => {
    const receipts: Promise<unknown>[] = []
    for (let i = 0; i < recordCount / 1000; i++) receipts.push(many.sendMany(thousand))
    await Promise.all(receipts)
  })
  await many.close()
  rows.push(['produce 100 B, many in a call', perSecond(recordCount, bulk)])
}

async function measureConsume(client: EastGuard): Promise<void> {
  let count = 0
  const batches = await millis(async () => {
    for await (const batch of client.reader('one', { from: 'start', until: 'now' }).batches()) count += batch.count
  })
  rows.push(['consume 100 B, by batch', perSecond(count, batches)])
  count = 0
  const single = await millis(async () => {
    for await (const _record of client.reader('many', { from: 'start', until: 'now' })) count++
  })
  rows.push(['consume 100 B, record by record', perSecond(count, single)])
}

/** Open loop: 1,000 records a second, each timed from the moment at which it should have been sent. */
async function measureLatency(client: EastGuard): Promise<void> {
  await client.admin.topics.create('paced')
  const producer = client.producer('paced', { lingerMs: 0 })
  const latencies: number[] = []
  const startedAt = performance.now()
  const receipts: Promise<void>[] = []
  for (let i = 0; i < 5_000; i++) {
    const due = startedAt + i
    while (performance.now() < due) await pause(0)
    receipts.push(producer.send(record).then(() => void latencies.push(performance.now() - due)))
  }
  await Promise.all(receipts)
  await producer.close()
  latencies.sort((a, b) => a - b)
  for (const share of [0.5, 0.99]) {
    const value = latencies[Math.floor(latencies.length * share)] ?? Number.NaN
    rows.push([`produce to ack at 1,000/s, p${share * 100}`, `${value.toFixed(2)} ms`])
  }
}

async function startBroker(): Promise<ChildProcess> {
  const bin = fileURLToPath(new URL('../../../apps/broker/bin/eastguard-broker.mjs', import.meta.url))
  const flags = ['--data-dir', join(dataDir, 'data'), '--bootstrap', '--listen', `127.0.0.1:${port}`]
  const broker = spawn(process.execPath, [bin, ...flags, '--log-level', 'warn'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  for (let i = 0; i < 200; i++) {
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    )
    if (ready) return broker
    await pause(50)
  }
  throw new Error('the broker did not become ready')
}

async function millis(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

function perSecond(count: number, ms: number): string {
  return `${Math.round((count / ms) * 1000).toLocaleString('en-US')} records/s`
}
