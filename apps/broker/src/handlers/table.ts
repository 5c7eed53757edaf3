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

/**
 * Decodes a request now and serves it when the answer is called: to its answer's body, or to what the handler throws.
 * @param body borrowed until this returns; nothing of the answer points into it
 * @throws EG_MALFORMED (fix-call)
 */
export function handleUnary<Kind extends UnaryKind>(
  kind: Kind,
  body: Uint8Array,
  context: BrokerContext,
): () => Promise<Uint8Array> {
  const codec = unaryCodecs[kind]
  const request = codec.decodeRequest(body)
  return async () => codec.encodeAnswer(await handlers[kind](request, context))
}
