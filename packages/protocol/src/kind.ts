import { codedError } from './error-table.ts'
import type { Frame } from './frame.ts'

// The closed table of frame kinds: one row each, and the only place where numbers, names, direction and port are said.
// Routing, the admin client, later permissions and PROTOCOL.md follow it.

export interface KindRow {
  /** 0x0000–0x7FFF clients, 0x8000–0xFFFF peers. */
  readonly number: number
  readonly name: string
  /** Who may send it; an answer goes the other way under the same number. */
  readonly direction: 'toBroker' | 'toClient' | 'both'
  /** `both`: clients, and brokers among each other. */
  readonly port: 'client' | 'peer' | 'both'
  readonly class: 'connection' | 'unary' | 'session' | 'reserved'
  readonly body: 'map' | 'fixed' | 'opaque'
  /** Whether a frame of this kind may change something: then a lost answer means an unknown outcome. */
  readonly effect: boolean
}

type ConnectionKind = 'hello' | 'welcome' | 'error' | 'goAway'

/** One request, one answer; `unary.ts` has their messages. */
export type UnaryKind =
  | 'createTopic'
  | 'describeTopic'
  | 'listTopics'
  | 'alterTopic'
  | 'deleteTopic'
  | 'trimTopic'
  | 'listSegments'
  | 'findOffset'
  | 'describeBroker'

type ProduceKind = 'openProduce' | 'produceOpened' | 'append' | 'appendAck'
type ConsumeKind = 'openConsume' | 'consumeOpened' | 'records' | 'progress' | 'idle'
type SessionKind = ProduceKind | ConsumeKind | 'moved' | 'close'

/** Frames among brokers, owned by other packages: known by number, answered with EG_UNKNOWN_KIND until they exist. */
type ReservedKind =
  | 'raftFrame'
  | 'swimStream'
  | 'forward'
  | 'openReplica'
  | 'replicaOpened'
  | 'replicaAppend'
  | 'replicaAck'
  | 'replicaCommit'
  | 'fence'
  | 'settle'
  | 'sealed'

export type Kind = ConnectionKind | UnaryKind | SessionKind | ReservedKind

export const kinds: { readonly [K in ConnectionKind]: Row<'connection'> } & {
  readonly [K in UnaryKind]: Row<'unary'>
} & {
  readonly [K in SessionKind]: Row<'session'>
} & { readonly [K in ReservedKind]: Row<'reserved'> } = {
  hello: connection(0x0001, 'Hello', 'toBroker'),
  welcome: connection(0x0002, 'Welcome', 'toClient'),
  error: connection(0x0003, 'Error', 'both'),
  goAway: connection(0x0004, 'GoAway', 'toClient'),

  createTopic: unary(0x0101, 'CreateTopic', true),
  describeTopic: unary(0x0102, 'DescribeTopic', false),
  listTopics: unary(0x0103, 'ListTopics', false),
  alterTopic: unary(0x0104, 'AlterTopic', true),
  deleteTopic: unary(0x0105, 'DeleteTopic', true),
  trimTopic: unary(0x0106, 'TrimTopic', true),
  listSegments: unary(0x0107, 'ListSegments', false),
  findOffset: unary(0x0108, 'FindOffset', false),
  describeBroker: unary(0x0109, 'DescribeBroker', false),

  openProduce: session(0x0201, 'OpenProduce', 'toBroker', 'client', 'map', false),
  produceOpened: session(0x0202, 'ProduceOpened', 'toClient', 'client', 'map', false),
  append: session(0x0203, 'Append', 'toBroker', 'client', 'fixed', true),
  appendAck: session(0x0204, 'AppendAck', 'toClient', 'client', 'fixed', false),

  openConsume: session(0x0301, 'OpenConsume', 'toBroker', 'both', 'map', false),
  consumeOpened: session(0x0302, 'ConsumeOpened', 'toClient', 'both', 'map', false),
  records: session(0x0303, 'Records', 'toClient', 'both', 'fixed', false),
  progress: session(0x0304, 'Progress', 'toBroker', 'both', 'fixed', false),
  idle: session(0x0305, 'Idle', 'toClient', 'both', 'fixed', false),

  moved: session(0x0501, 'Moved', 'toClient', 'both', 'map', false),
  close: session(0x0502, 'Close', 'both', 'both', 'map', false),

  raftFrame: reserved(0x8001, 'RaftFrame', 'opaque'),
  swimStream: reserved(0x8002, 'SwimStream', 'opaque'),
  forward: reserved(0x8003, 'Forward', 'opaque'),
  openReplica: reserved(0x8101, 'OpenReplica', 'opaque'),
  replicaOpened: reserved(0x8102, 'ReplicaOpened', 'opaque'),
  replicaAppend: reserved(0x8103, 'ReplicaAppend', 'fixed'),
  replicaAck: reserved(0x8104, 'ReplicaAck', 'fixed'),
  replicaCommit: reserved(0x8105, 'ReplicaCommit', 'fixed'),
  fence: reserved(0x8106, 'Fence', 'opaque'),
  settle: reserved(0x8107, 'Settle', 'opaque'),
  sealed: reserved(0x8108, 'Sealed', 'opaque'),
}

/** Every kind, ascending by number. */
export const kindKeys: readonly Kind[] = Object.keys(kinds) as Kind[]

const byNumber: ReadonlyMap<number, Kind> = new Map(kindKeys.map((key) => [kinds[key].number, key]))

/** The key of a number, reserved ones included, or undefined. */
export function kindOf(number: number): Kind | undefined {
  return byNumber.get(number)
}

export function kindRow(kind: Kind): KindRow {
  return kinds[kind]
}

export function isUnaryKind(kind: Kind): kind is UnaryKind {
  return kinds[kind].class === 'unary'
}

export interface FrameOrigin {
  readonly port: 'client' | 'peer'
  readonly sender: 'client' | 'broker'
}

/**
 * The kind of a frame that came in on a port from that side.
 * @throws EG_UNKNOWN_KIND (fix-call) for what is not in the table, reserved, of another port or of the other direction:
 * the receiver answers that on the frame's stream and keeps the connection
 */
export function admitKind(number: number, from: FrameOrigin): Kind {
  const kind = kindOf(number)
  const row = kind === undefined ? undefined : kindRow(kind)
  const direction = from.sender === 'client' ? 'toBroker' : 'toClient'
  if (
    kind === undefined ||
    row === undefined ||
    row.class === 'reserved' ||
    (row.port !== 'both' && row.port !== from.port) ||
    (row.direction !== 'both' && row.direction !== direction && row.class !== 'unary')
  ) {
    const shown = `0x${number.toString(16).padStart(4, '0')}`
    throw codedError('EG_UNKNOWN_KIND', `kind ${shown} is not known on the ${from.port} port from a ${from.sender}`, {
      kind: number,
    })
  }
  return kind
}

/**
 * The kind of a frame, whose body has a version that is spoken here.
 * @throws EG_UNKNOWN_KIND (fix-call), EG_UNSUPPORTED_VERSION (give-up): answered on the frame's stream, nothing else
 */
export function admitFrame(frame: Frame, from: FrameOrigin): Kind {
  const kind = admitKind(frame.kind, from)
  if (frame.version !== 0) {
    throw codedError('EG_UNSUPPORTED_VERSION', `version ${frame.version} of ${kinds[kind].name}; this side speaks 0`, {
      kind: frame.kind,
      version: frame.version,
    })
  }
  return kind
}

type Row<Class extends KindRow['class']> = KindRow & { readonly class: Class }

function connection(number: number, name: string, direction: KindRow['direction']): Row<'connection'> {
  return { number, name, direction, port: 'both', class: 'connection', body: 'map', effect: false }
}

function unary(number: number, name: string, effect: boolean): Row<'unary'> {
  return { number, name, direction: 'toBroker', port: 'client', class: 'unary', body: 'map', effect }
}

function session(
  number: number,
  name: string,
  direction: KindRow['direction'],
  port: KindRow['port'],
  body: KindRow['body'],
  effect: boolean,
): Row<'session'> {
  return { number, name, direction, port, class: 'session', body, effect }
}

function reserved(number: number, name: string, body: KindRow['body']): Row<'reserved'> {
  return { number, name, direction: 'both', port: 'peer', class: 'reserved', body, effect: false }
}
