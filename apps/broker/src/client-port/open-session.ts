import { parseTopicId } from '@eastguard/ds-rsm'
import {
  codedError,
  decodeOpenConsume,
  decodeOpenProduce,
  encodeConsumeOpened,
  encodeProduceOpened,
} from '@eastguard/protocol'
import type { BrokerContext } from '../handlers/context.ts'
import { ConsumeSession } from './consume-session.ts'
import { ProduceSession } from './produce-session.ts'
import type { Session, SessionLink } from './session.ts'

/** Bytes asked of one read of a reader: large enough for the disk, small enough to interleave readers. */
const readBytesMax = 512 * 2 ** 10

/** @throws why the session cannot be opened; nothing has been answered then */
export function openSession(
  kind: 'openProduce' | 'openConsume',
  body: Uint8Array,
  link: SessionLink,
  context: BrokerContext,
): Session {
  return kind === 'openProduce' ? openProduce(body, link, context) : openConsume(body, link, context)
}

function openProduce(body: Uint8Array, link: SessionLink, context: BrokerContext): Session {
  const { topic, range } = decodeOpenProduce(body)
  const local = context.ranges.need(parseTopicId(topic), range)
  if (local.log.refusal !== undefined) throw local.log.refusal
  const { batchBytesMax, produceWindowBytes, produceWindowBatches } = context.settings
  const window = { bytes: produceWindowBytes, items: produceWindowBatches }
  const session = new ProduceSession(local.log, local.interval, { batchBytesMax, window }, link)
  const opened = { windowBytes: window.bytes, windowBatches: window.items, replicas: local.replicaCount }
  link.send('produceOpened', encodeProduceOpened(opened))
  return session
}

function openConsume(body: Uint8Array, link: SessionLink, context: BrokerContext): Session {
  const { topic, range, from, windowBytes } = decodeOpenConsume(body)
  const local = context.ranges.need(parseTopicId(topic), range)
  const { committedEnd, startOffset } = local
  if (from > committedEnd) {
    throw codedError('EG_OFFSET_OUT_OF_RANGE', `offset ${from} is above the committed end ${committedEnd}`, {
      from,
      committedEnd,
    })
  }
  const start = Math.max(from, startOffset)
  const { consumeWindowBytesMax: windowBytesMax, idleInterval: idleIntervalMs } = context.settings
  const limits = { readBytesMax, windowBytesMax, idleIntervalMs }
  link.send('consumeOpened', encodeConsumeOpened({ startOffset: start, committedEnd }))
  const session = new ConsumeSession(local, start, windowBytes, limits, link, context.clock)
  session.start()
  return session
}
