import type { ReceiptJson } from '../json-schema.ts'
import type { ReceiptLike } from './outcomes.ts'

/**
 * Prints receipts as JSON lines, several million a second: the topic is escaped once, everything else is a number.
 * The result is what `JSON.stringify` of a `ReceiptJson` gives, and a line feed.
 */
export function receiptLines(topic: string): (receipt: ReceiptLike, line: number | undefined) => string {
  const head = `{"topic":${JSON.stringify(topic satisfies ReceiptJson['topic'])},"range":`
  return ({ range, offset, time, replicas }, line) => {
    const tail = line === undefined ? '}\n' : `,"line":${line}}\n`
    return `${head}${range},"offset":${offset},"time":${time},"replicas":${replicas}${tail}`
  }
}
