import { codedError } from './error-table.ts'

/** Characters of a topic's name, at most. */
export const topicNameLengthMax = 200

/**
 * The rule for topic names: `[A-Za-z0-9._-]{1,200}`, not `.` or `..`, not starting with `__`.
 * @throws EG_INVALID_NAME (fix-call) naming what is wrong
 */
export function checkTopicName(name: string): void {
  if (name.length === 0 || name.length > topicNameLengthMax) {
    throw codedError(
      'EG_INVALID_NAME',
      `a topic name has 1 to ${topicNameLengthMax} characters; this one has ${name.length}`,
      { length: name.length, limit: topicNameLengthMax },
    )
  }
  const shown = JSON.stringify(name)
  const strange = /[^A-Za-z0-9._-]/u.exec(name)
  if (strange !== null) {
    throw codedError(
      'EG_INVALID_NAME',
      `topic name ${shown} has ${JSON.stringify(strange[0])}; letters, digits, ".", "_" and "-" are allowed`,
      { name },
    )
  }
  if (name === '.' || name === '..') throw codedError('EG_INVALID_NAME', `${shown} is not a topic name`, { name })
  if (name.startsWith('__')) {
    throw codedError('EG_INVALID_NAME', `topic name ${shown} starts with "__", which is kept for EastGuard`, { name })
  }
}

/**
 * Characters of a name in a request. More than a name may have, so that a long one meets the rule's own error instead
 * of EG_MALFORMED.
 */
export const requestedNameLengthMax = 1024
