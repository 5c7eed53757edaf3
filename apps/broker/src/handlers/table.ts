import { type UnaryHandlers, type UnaryKind, unaryCodecs } from '@eastguard/protocol'
import { describeBroker } from './broker.ts'
import type { BrokerContext } from './context.ts'
import { findOffset, list as listSegments, trimTopic } from './segments.ts'
import { alterTopic, createTopic, deleteTopic, describe, list as listTopics } from './topics.ts'

/** Total over the unary kinds: a new kind does not compile without its handler. */
const handlers: UnaryHandlers<BrokerContext> = {
  createTopic,
  describeTopic: describe,
  listTopics,
  alterTopic,
  deleteTopic,
  trimTopic,
  listSegments,
  findOffset,
  describeBroker,
}

/** From a request's body to its answer's body. @throws what the handler throws, EG_MALFORMED (fix-call) */
export async function handleUnary<Kind extends UnaryKind>(
  kind: Kind,
  body: Uint8Array,
  context: BrokerContext,
): Promise<Uint8Array> {
  const codec = unaryCodecs[kind]
  return codec.encodeAnswer(await handlers[kind](codec.decodeRequest(body), context))
}
