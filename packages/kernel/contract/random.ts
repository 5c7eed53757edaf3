import type { Random } from '../src/index.ts'
import { type ContractCase, holds, same } from './check.ts'

export const randomCases: readonly ContractCase<Random>[] = [
  {
    name: 'every draw is in its range',
    async run(random) {
      for (let i = 0; i < 1000; i++) {
        const word = random.uint32()
        holds(Number.isInteger(word) && word >= 0 && word < 2 ** 32, 'a word is an unsigned 32-bit number')
        const bound = i % 2 === 0 ? i + 1 : 2 ** 40 + i
        const below = random.below(bound)
        holds(Number.isSafeInteger(below) && below >= 0 && below < bound, 'a draw is below its bound')
        const unit = random.unit()
        holds(unit >= 0 && unit < 1, 'unit is in [0, 1)')
      }
    },
  },
  {
    name: 'bytes gives as many as were asked for, and not always the same',
    async run(random) {
      for (const count of [0, 1, 3, 4, 5, 100]) same(random.bytes(count).length, count, 'count')
      holds(String(random.bytes(16)) !== String(random.bytes(16)), 'two draws of 16 bytes differ')
    },
  },
  {
    name: 'a small bound gives all its values about equally often',
    async run(random) {
      const counts = [0, 0, 0]
      for (let i = 0; i < 9000; i++) {
        const draw = random.below(3)
        counts[draw] = (counts[draw] ?? 0) + 1
      }
      // Eight standard deviations: a sound adapter fails once in 10^15 runs.
      for (const count of counts) holds(Math.abs(count - 3000) < 360, 'no value is favoured')
    },
  },
  {
    name: 'a fork depends on its label, not on the draws so far',
    async run(random) {
      const first = random.fork('elections').bytes(32)
      random.uint32()
      same(random.fork('elections').bytes(32), first, 'the same label gives the same stream')
      holds(String(random.fork('probes').bytes(32)) !== String(first), 'another label gives another stream')
    },
  },
]
