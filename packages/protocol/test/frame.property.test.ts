import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  encodeFrame,
  FrameCork,
  frameHeaderBytes,
  helloBytesMax,
  messageFrameCountMax,
  splitMessage,
} from '../src/index.ts'

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

const anyFrame = fc.record({
  kind: fc.integer({ min: 0, max: 0xffff }),
  stream: fc.integer({ min: 0, max: 0xffffffff }),
  answer: fc.boolean(),
  error: fc.boolean(),
  version: fc.integer({ min: 0, max: 255 }),
  body: fc.uint8Array({ maxLength: 3000 }),
})

const small = encodeFrame({ kind: 1, stream: 0 }, new Uint8Array(2))

describe('frames', () => {
  it('has the bytes that the table says', () => {
    const parts = encodeFrame({ kind: 0x0304, stream: 0x01020304, answer: true, version: 5 }, new Uint8Array([9]))
    expect(Buffer.from(join(parts)).toString('hex')).toBe('0d000000040301050403020109')
  })

  it('never copies a body', () => {
    const batch = new Uint8Array(5000)
    expect(encodeFrame({ kind: 1, stream: 1 }, [batch])[1]).toBe(batch)
  })

  it('come back from any message as they were written', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { minLength: 1, maxLength: 20 }), (frames) => {
        const message = join(frames.flatMap((frame) => encodeFrame(frame, frame.body)))
        expect(splitMessage(message, message.length)).toEqual(frames)
      }),
    )
  })

  it('a cork sends the same frames in order, in messages within the limit', () => {
    const limit = 8192
    fc.assert(
      fc.property(fc.array(fc.tuple(anyFrame, fc.boolean()), { maxLength: 30 }), (steps) => {
        const messages: Uint8Array[] = []
        const cork = new FrameCork((parts) => messages.push(join(parts)))
        cork.frameBytesMax = limit
        for (const [frame, flush] of steps) {
          cork.write(encodeFrame(frame, frame.body))
          if (flush) cork.flush()
        }
        cork.flush()
        expect(cork.bytes).toBe(0)
        expect(messages.flatMap((message) => splitMessage(message, limit))).toEqual(steps.map(([frame]) => frame))
      }),
    )
  })

  it('a cork merges small frames into one message of few parts, and hands large parts over as they are', () => {
    const messages: (readonly Uint8Array[])[] = []
    const cork = new FrameCork((parts) => messages.push(parts))
    cork.frameBytesMax = 1 << 20
    const batch = new Uint8Array(5000)
    for (let i = 0; i < 10; i++) cork.write(small)
    cork.write(encodeFrame({ kind: 2, stream: 2 }, [batch]))
    cork.write(small)
    expect(messages).toEqual([])
    cork.flush()
    cork.flush()
    expect(messages).toHaveLength(1)
    expect(messages[0]).toHaveLength(3)
    expect(messages[0]?.[1]).toBe(batch)
  })

  it('a cork starts a new message at the largest count of frames, and refuses what no message can hold', () => {
    const messages: Uint8Array[] = []
    const cork = new FrameCork((parts) => messages.push(join(parts)))
    expect(() => cork.write(encodeFrame({ kind: 1, stream: 0 }, new Uint8Array(helloBytesMax)))).toThrow(
      /limit is 4096/,
    )
    cork.frameBytesMax = 1 << 20
    for (let i = 0; i <= messageFrameCountMax; i++) cork.write(small)
    cork.flush()
    expect(messages.map((message) => splitMessage(message, 1 << 20).length)).toEqual([messageFrameCountMax, 1])
  })
})

describe('a message is refused as a whole', () => {
  const header = join(small).subarray(0, frameHeaderBytes)
  const withLength = (length: number): Uint8Array => {
    const bytes = join(small)
    new DataView(bytes.buffer).setUint32(0, length, true)
    return bytes
  }

  it.each([
    ['empty', new Uint8Array(0), /without a frame/],
    ['half a header', header.subarray(0, 11), /12 bytes, 11 are there/],
    ['a length above what is there', withLength(15), /says 15 bytes, 14 are there/],
    ['a length below the header', withLength(11), /says 11 bytes/],
    ['a length of 0, which would never advance', withLength(0), /says 0 bytes/],
    ['bytes after the last frame', join([...small, new Uint8Array(1)]), /12 bytes, 1 are there/],
    ['flags of a newer format', Uint8Array.from([...header.subarray(0, 6), 4, 0, 0, 0, 0, 0, 0, 0]), /flags 4/],
  ])('%s', (_name, message, why) => {
    expect(() => splitMessage(message, helloBytesMax)).toThrow(why)
  })

  // H64: four bytes reserved 4 GB.
  it('a length of 4 GB is compared with the limit before anything is kept', () => {
    expect(() => splitMessage(withLength(0xffffffff), helloBytesMax)).toThrow(/4294967295 bytes; the limit is 4096/)
  })

  it('a message above the limit, and one of too many frames', () => {
    expect(() => splitMessage(new Uint8Array(4097), helloBytesMax)).toThrow(/4097 bytes; the limit is 4096/)
    const many = join(Array.from({ length: messageFrameCountMax + 1 }, () => small).flat())
    expect(() => splitMessage(many, 1 << 20)).toThrow(/more than 4096 frames/)
  })
})
