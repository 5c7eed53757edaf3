import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BoundedQueue, ByteReader, ByteWriter, compareBytes, isEastGuardError } from '../src/index.ts'

const field = fc.oneof(
  fc.record({ kind: fc.constant('u8' as const), value: fc.integer({ min: 0, max: 0xff }) }),
  fc.record({ kind: fc.constant('u16' as const), value: fc.integer({ min: 0, max: 0xffff }) }),
  fc.record({ kind: fc.constant('u32' as const), value: fc.integer({ min: 0, max: 0xffffffff }) }),
  fc.record({ kind: fc.constant('u64' as const), value: fc.maxSafeNat() }),
)

describe('byte writer and reader', () => {
  it('every field that was written is read back, and nothing is left', () => {
    fc.assert(
      fc.property(fc.array(field), fc.uint8Array(), (fields, bytes) => {
        const writer = new ByteWriter(16)
        for (const { kind, value } of fields) writer[kind](value)
        writer.bytes(bytes).zeros(3)
        const reader = new ByteReader(writer.copy())
        for (const { kind, value } of fields) expect(reader[kind]()).toBe(value)
        expect([...reader.bytes(bytes.length)]).toEqual([...bytes])
        reader.reserved(3)
        reader.end()
        expect(reader.position).toBe(writer.length)
      }),
    )
  })

  it('any input and any reads end in a value or EG_MALFORMED, never past the end', () => {
    const reads = fc.array(fc.constantFrom('u8' as const, 'u16' as const, 'u32' as const, 'u64' as const))
    fc.assert(
      fc.property(fc.uint8Array(), reads, (bytes, kinds) => {
        const reader = new ByteReader(bytes)
        try {
          for (const kind of kinds) reader[kind]()
          reader.end()
        } catch (error) {
          expect(isEastGuardError(error, 'EG_MALFORMED')).toBe(true)
        }
        expect(reader.position).toBeLessThanOrEqual(bytes.length)
      }),
    )
  })

  it('refuses numbers above 2^53 − 1, negative lengths, reserved bytes in use, and what is left over', () => {
    const malformed = expect.objectContaining({ code: 'EG_MALFORMED', remedy: 'fix-call' })
    expect(() => new ByteReader(new Uint8Array(8).fill(255)).u64()).toThrow(malformed)
    expect(() => new ByteReader(new Uint8Array(8)).bytes(-1)).toThrow(malformed)
    expect(() => new ByteReader(Uint8Array.of(0, 1)).reserved(2)).toThrow(malformed)
    expect(() => new ByteReader(Uint8Array.of(0)).end()).toThrow(malformed)
  })

  it('a writer takes no number that does not fit', () => {
    const writer = new ByteWriter()
    expect(() => writer.u8(256)).toThrow('fits u8')
    expect(() => writer.u16(-1)).toThrow('fits u16')
    expect(() => writer.u32(1.5)).toThrow('fits u32')
    expect(() => writer.u64(2 ** 53)).toThrow('safe count')
    expect(() => writer.patchU32(0, 1)).toThrow('a patch stays inside')
  })
})

it('a queue is first in, first out, and never holds more than its maximum', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.array(fc.option(fc.nat())), (countMax, steps) => {
      const queue = new BoundedQueue<number>(countMax)
      const model: number[] = []
      for (const step of steps) {
        if (step === null) {
          expect(queue.shift()).toBe(model.shift())
        } else {
          expect(queue.push(step)).toBe(model.length < countMax)
          if (model.length < countMax) model.push(step)
        }
        expect([queue.count, queue.peek()]).toEqual([model.length, model[0]])
      }
    }),
  )
})

it('byte order is that of the hexadecimal text', () => {
  const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4 }), fc.uint8Array({ maxLength: 4 }), (a, b) => {
      const [x, y] = [hex(a), hex(b)]
      expect(Math.sign(compareBytes(a, b))).toBe(x < y ? -1 : x > y ? 1 : 0)
    }),
  )
})
