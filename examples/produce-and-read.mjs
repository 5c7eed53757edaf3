import { connect } from '@eastguard/client'

const client = await connect({ seeds: [process.env.EASTGUARD_SERVER ?? 'localhost:2921'] })
const topic = `orders-${Date.now()}`
await client.admin.topics.create(topic, { ranges: 4, retention: '7d' })

const producer = client.producer(topic)
const receipts = await Promise.all(
  ['ada', 'bob', 'ada', 'cy', 'ada'].map((key, n) => producer.send({ key, value: JSON.stringify({ key, n }) })),
)
for (const { range, offset, time } of receipts) console.log(`on disk: range ${range}, offset ${offset}, ${time}`)

// Records of one key come in the order in which they were sent; between ranges there is no order.
const text = new TextDecoder()
for await (const { key, value, range } of client.reader(topic, { from: 'start', until: 'now' })) {
  console.log(`range ${range}: ${text.decode(key ?? undefined)} ${text.decode(value ?? undefined)}`)
}

await client.admin.topics.delete(topic)
await client.close()
