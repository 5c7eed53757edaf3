import { connect } from '@eastguard/client'

const client = await connect({ seeds: [process.env.EASTGUARD_SERVER ?? 'localhost:2921'] })
const topic = `ticks-${Date.now()}`
await client.admin.topics.create(topic)

const producer = client.producer(topic, { lingerMs: 0 })
let sent = 0
const ticking = setInterval(() => {
  producer.send({ value: `tick ${++sent}` }).catch((error) => console.error(error.code, error.message))
}, 100)

const text = new TextDecoder()
for await (const { value, timestamp } of client.reader(topic, { from: 'start' })) {
  console.log(`${text.decode(value ?? undefined)}, ${Date.now() - timestamp} ms after it was sent`)
  if (sent >= 10) break
}

clearInterval(ticking)
await producer.close()
await client.admin.topics.delete(topic)
await client.close()
