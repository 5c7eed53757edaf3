import { EastGuardError } from '@eastguard/kernel'
import { parseBrokerId, parseRequestId, parseTopicId } from '../ids.ts'
import type { AlterTopic, Command } from './command.ts'
import type { Fields } from './fields.ts'
import { type Packable, pack, unpackFields } from './packing.ts'
import type { TopicPolicy } from './policy.ts'
import { packPolicy, packRanges, packSeat, readPolicy, readRanges, readSeat } from './shared-fields.ts'

// A command's bytes: [format, number, fields …] as plain MessagePack. Numbers are never used again.

const format = 1
const numbers = {
  createTopic: 1,
  alterTopic: 2,
  deleteTopic: 3,
  rollSegment: 4,
  trimRange: 5,
  advanceTime: 6,
} as const satisfies Record<Command['kind'], number>

/** @returns fresh bytes */
export function encodeCommand(command: Command): Uint8Array {
  return pack([format, numbers[command.kind], ...fieldsOf(command)])
}

/**
 * @throws EG_UNKNOWN_COMMAND (give-up): a newer release wrote it. Whoever meets it stops and never skips (H23)
 * @throws EG_MALFORMED (fix-call): the fields are not those of the command
 */
export function decodeCommand(bytes: Uint8Array): Command {
  const fields = unpackFields(bytes)
  const found = fields.count()
  const number = fields.count()
  const command = found === format ? readCommand(number, fields) : undefined
  if (command === undefined) {
    throw new EastGuardError({
      code: 'EG_UNKNOWN_COMMAND',
      remedy: 'give-up',
      message: `command ${number} in format ${found} is not known to this release; a newer one is needed`,
      facts: { number, format: found },
    })
  }
  fields.end()
  return command
}

function fieldsOf(command: Command): Packable[] {
  switch (command.kind) {
    case 'createTopic':
      return [
        command.epoch,
        command.requestId,
        command.name,
        packRanges(command.ranges),
        packPolicy(command.policy),
        command.replicas.map((seats) => seats.map(packSeat)),
        command.vnodeTime,
        command.wallTime,
      ]
    case 'alterTopic':
      return [command.epoch, command.topic, packChanges(command.policy)]
    case 'deleteTopic':
      return [command.epoch, command.topic]
    case 'rollSegment':
      return [
        command.epoch,
        command.topic,
        command.range,
        command.segment,
        command.end,
        command.bytes,
        command.confirmed,
        command.successor.map(packSeat),
        command.vnodeTime,
        command.wallTime,
      ]
    case 'trimRange':
      return [command.epoch, command.topic, command.range, command.below]
    case 'advanceTime':
      return [command.vnodeTime]
  }
}

function readCommand(number: number, fields: Fields): Command | undefined {
  switch (number) {
    case numbers.createTopic:
      return {
        kind: 'createTopic',
        epoch: fields.count(),
        requestId: parseRequestId(fields.text()),
        name: fields.text(),
        ranges: readRanges(fields),
        policy: readPolicy(fields),
        replicas: fields.list((inner) => inner.list(readSeat)),
        vnodeTime: fields.count(),
        wallTime: fields.count(),
      }
    case numbers.alterTopic:
      return {
        kind: 'alterTopic',
        epoch: fields.count(),
        topic: parseTopicId(fields.text()),
        policy: readChanges(fields),
      }
    case numbers.deleteTopic:
      return { kind: 'deleteTopic', epoch: fields.count(), topic: parseTopicId(fields.text()) }
    case numbers.rollSegment:
      return {
        kind: 'rollSegment',
        epoch: fields.count(),
        topic: parseTopicId(fields.text()),
        range: fields.u32(),
        segment: fields.u32(),
        end: fields.count(),
        bytes: fields.count(),
        confirmed: fields.list((inner) => parseBrokerId(inner.text())),
        successor: fields.list(readSeat),
        vnodeTime: fields.count(),
        wallTime: fields.count(),
      }
    case numbers.trimRange:
      return {
        kind: 'trimRange',
        epoch: fields.count(),
        topic: parseTopicId(fields.text()),
        range: fields.u32(),
        below: fields.u32(),
      }
    case numbers.advanceTime:
      return { kind: 'advanceTime', vnodeTime: fields.count() }
    default:
      return undefined
  }
}

/** Each field of the policy: [] where it stays, [value] where it changes. */
function packChanges(policy: AlterTopic['policy']): Packable {
  const change = (value: number | null | undefined): Packable => (value === undefined ? [] : [value])
  return [
    change(policy.replicas),
    change(policy.minReplicas),
    change(policy.retentionMs),
    change(policy.retentionBytes),
    change(policy.segmentBytes),
    change(policy.segmentAgeMs),
  ]
}

function readChanges(fields: Fields): Partial<TopicPolicy> {
  return fields.group((inner) => {
    const count = (): number | undefined => inner.optional((value) => value.count())
    const countOrNull = (): number | null | undefined => inner.optional((value) => value.countOrNull())
    return withoutUndefined({
      replicas: count(),
      minReplicas: count(),
      retentionMs: countOrNull(),
      retentionBytes: countOrNull(),
      segmentBytes: count(),
      segmentAgeMs: countOrNull(),
    })
  })
}

function withoutUndefined(
  changes: { [Field in keyof TopicPolicy]: TopicPolicy[Field] | undefined },
): Partial<TopicPolicy> {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
}
