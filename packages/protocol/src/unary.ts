import type { UnaryKind } from './kind.ts'
import {
  type AlterTopic,
  type AlterTopicAnswer,
  decodeAlterTopic,
  decodeAlterTopicAnswer,
  encodeAlterTopic,
  encodeAlterTopicAnswer,
} from './message/alter-topic.ts'
import {
  type CreateTopic,
  type CreateTopicAnswer,
  decodeCreateTopic,
  decodeCreateTopicAnswer,
  encodeCreateTopic,
  encodeCreateTopicAnswer,
} from './message/create-topic.ts'
import {
  type DeleteTopic,
  type DeleteTopicAnswer,
  decodeDeleteTopic,
  decodeDeleteTopicAnswer,
  encodeDeleteTopic,
  encodeDeleteTopicAnswer,
} from './message/delete-topic.ts'
import {
  type DescribeBroker,
  type DescribeBrokerAnswer,
  decodeDescribeBroker,
  decodeDescribeBrokerAnswer,
  encodeDescribeBroker,
  encodeDescribeBrokerAnswer,
} from './message/describe-broker.ts'
import {
  type DescribeTopic,
  type DescribeTopicAnswer,
  decodeDescribeTopic,
  decodeDescribeTopicAnswer,
  encodeDescribeTopic,
  encodeDescribeTopicAnswer,
} from './message/describe-topic.ts'
import {
  decodeFindOffset,
  decodeFindOffsetAnswer,
  encodeFindOffset,
  encodeFindOffsetAnswer,
  type FindOffset,
  type FindOffsetAnswer,
} from './message/find-offset.ts'
import {
  decodeListSegments,
  decodeListSegmentsAnswer,
  encodeListSegments,
  encodeListSegmentsAnswer,
  type ListSegments,
  type ListSegmentsAnswer,
} from './message/list-segments.ts'
import {
  decodeListTopics,
  decodeListTopicsAnswer,
  encodeListTopics,
  encodeListTopicsAnswer,
  type ListTopics,
  type ListTopicsAnswer,
} from './message/list-topics.ts'
import {
  decodeTrimTopic,
  decodeTrimTopicAnswer,
  encodeTrimTopic,
  encodeTrimTopicAnswer,
  type TrimTopic,
  type TrimTopicAnswer,
} from './message/trim-topic.ts'

/** Request and answer of every unary kind: `call('describeTopic', request)` is typed by it. */
export interface UnaryMessages {
  readonly createTopic: { readonly request: CreateTopic; readonly answer: CreateTopicAnswer }
  readonly describeTopic: { readonly request: DescribeTopic; readonly answer: DescribeTopicAnswer }
  readonly listTopics: { readonly request: ListTopics; readonly answer: ListTopicsAnswer }
  readonly alterTopic: { readonly request: AlterTopic; readonly answer: AlterTopicAnswer }
  readonly deleteTopic: { readonly request: DeleteTopic; readonly answer: DeleteTopicAnswer }
  readonly trimTopic: { readonly request: TrimTopic; readonly answer: TrimTopicAnswer }
  readonly listSegments: { readonly request: ListSegments; readonly answer: ListSegmentsAnswer }
  readonly findOffset: { readonly request: FindOffset; readonly answer: FindOffsetAnswer }
  readonly describeBroker: { readonly request: DescribeBroker; readonly answer: DescribeBrokerAnswer }
}

export type UnaryRequest<K extends UnaryKind> = UnaryMessages[K]['request']
export type UnaryAnswer<K extends UnaryKind> = UnaryMessages[K]['answer']

/** A broker's handlers: total over the unary kinds, so that a new kind does not compile without one. */
export type UnaryHandlers<Context> = {
  readonly [K in UnaryKind]: (request: UnaryRequest<K>, context: Context) => Promise<UnaryAnswer<K>>
}

export interface UnaryCodec<Request, Answer> {
  readonly encodeRequest: (request: Request) => Uint8Array
  /** @throws EG_MALFORMED (fix-call) */
  readonly decodeRequest: (body: Uint8Array) => Request
  readonly encodeAnswer: (answer: Answer) => Uint8Array
  /** @throws EG_MALFORMED (fix-call) */
  readonly decodeAnswer: (body: Uint8Array) => Answer
}

export const unaryCodecs: { readonly [K in UnaryKind]: UnaryCodec<UnaryRequest<K>, UnaryAnswer<K>> } = {
  createTopic: {
    encodeRequest: encodeCreateTopic,
    decodeRequest: decodeCreateTopic,
    encodeAnswer: encodeCreateTopicAnswer,
    decodeAnswer: decodeCreateTopicAnswer,
  },
  describeTopic: {
    encodeRequest: encodeDescribeTopic,
    decodeRequest: decodeDescribeTopic,
    encodeAnswer: encodeDescribeTopicAnswer,
    decodeAnswer: decodeDescribeTopicAnswer,
  },
  listTopics: {
    encodeRequest: encodeListTopics,
    decodeRequest: decodeListTopics,
    encodeAnswer: encodeListTopicsAnswer,
    decodeAnswer: decodeListTopicsAnswer,
  },
  alterTopic: {
    encodeRequest: encodeAlterTopic,
    decodeRequest: decodeAlterTopic,
    encodeAnswer: encodeAlterTopicAnswer,
    decodeAnswer: decodeAlterTopicAnswer,
  },
  deleteTopic: {
    encodeRequest: encodeDeleteTopic,
    decodeRequest: decodeDeleteTopic,
    encodeAnswer: encodeDeleteTopicAnswer,
    decodeAnswer: decodeDeleteTopicAnswer,
  },
  trimTopic: {
    encodeRequest: encodeTrimTopic,
    decodeRequest: decodeTrimTopic,
    encodeAnswer: encodeTrimTopicAnswer,
    decodeAnswer: decodeTrimTopicAnswer,
  },
  listSegments: {
    encodeRequest: encodeListSegments,
    decodeRequest: decodeListSegments,
    encodeAnswer: encodeListSegmentsAnswer,
    decodeAnswer: decodeListSegmentsAnswer,
  },
  findOffset: {
    encodeRequest: encodeFindOffset,
    decodeRequest: decodeFindOffset,
    encodeAnswer: encodeFindOffsetAnswer,
    decodeAnswer: decodeFindOffsetAnswer,
  },
  describeBroker: {
    encodeRequest: encodeDescribeBroker,
    decodeRequest: decodeDescribeBroker,
    encodeAnswer: encodeDescribeBrokerAnswer,
    decodeAnswer: decodeDescribeBrokerAnswer,
  },
}
