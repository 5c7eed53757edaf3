import { ByteWriter } from '@eastguard/kernel'
import { codedError } from './error-table.ts'
import { helloBytesMax, messageFrameCountMax } from './limits.ts'

// A WebSocket message is one or more whole frames:
//
//   0        4      6       7         8        12
//   | length | kind | flags | version | stream | body …
//
// Little-endian; `length` counts these 12 bytes too.

export const frameHeaderBytes = 12

const answerFlag = 1
const errorFlag = 2

export interface FrameHead {
  /** Number of the kind, see `kind.ts`. */
  readonly kind: number
  /** Correlation of a call or id of a session, chosen by the opener; 0 is the connection. */
  readonly stream: number
  /** Flag bit 0. */
  readonly answer?: boolean | undefined
  /** Flag bit 1: the body is an error map. */
  readonly error?: boolean | undefined
  /** Of this kind's body; 0 unless said. */
  readonly version?: number | undefined
}

export interface Frame {
  readonly kind: number
  readonly stream: number
  readonly answer: boolean
  readonly error: boolean
  readonly version: number
  /** A view of the message: copy what outlives it. */
  readonly body: Uint8Array
}

/**
 * A frame as parts of a message: the header, then the body as it is.
 * @param body retained, not copied
 */
export function encodeFrame(head: FrameHead, body: Uint8Array | readonly Uint8Array[]): readonly Uint8Array[] {
  const parts = body instanceof Uint8Array ? [body] : body
  const header = new ByteWriter(frameHeaderBytes)
    .u32(frameHeaderBytes + countBytes(parts))
    .u16(head.kind)
    .u8((head.answer === true ? answerFlag : 0) | (head.error === true ? errorFlag : 0))
    .u8(head.version ?? 0)
    .u32(head.stream)
  return [header.view(), ...parts]
}

/** Sum of the lengths of `parts`. */
export function countBytes(parts: readonly Uint8Array[]): number {
  let bytes = 0
  for (const part of parts) bytes += part.length
  return bytes
}

/**
 * The frames of one message, all of them checked before the first is handed out.
 * @param message borrowed; bodies are views of it
 * @param frameBytesMax `helloBytesMax` until the handshake is done, then the announced limit
 * @throws EG_FRAME_TOO_LARGE, EG_MALFORMED (fix-call): nothing of the message may be used
 */
export function splitMessage(message: Uint8Array, frameBytesMax: number): readonly Frame[] {
  if (message.length > frameBytesMax) throw tooLarge('a message', message.length, frameBytesMax)
  if (message.length === 0) throw codedError('EG_MALFORMED', 'a message without a frame')
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  const frames: Frame[] = []
  for (let at = 0; at < message.length; ) {
    if (frames.length === messageFrameCountMax) {
      throw codedError('EG_MALFORMED', `a message of more than ${messageFrameCountMax} frames`)
    }
    const frame = readFrame(message, view, at, frameBytesMax)
    frames.push(frame)
    at += frameHeaderBytes + frame.body.length
  }
  return frames
}

function readFrame(message: Uint8Array, view: DataView, at: number, frameBytesMax: number): Frame {
  const there = message.length - at
  if (there < frameHeaderBytes) {
    throw codedError('EG_MALFORMED', `a frame header is ${frameHeaderBytes} bytes, ${there} are there (at byte ${at})`)
  }
  const length = view.getUint32(at, true)
  // H64: the prefix is compared with the limit and with what is there before anything is kept.
  if (length > frameBytesMax) throw tooLarge('a frame', length, frameBytesMax)
  if (length < frameHeaderBytes || length > there) {
    throw codedError('EG_MALFORMED', `a frame says ${length} bytes, ${there} are there (at byte ${at})`)
  }
  const flags = view.getUint8(at + 6)
  if ((flags & ~(answerFlag | errorFlag)) !== 0) {
    throw codedError('EG_MALFORMED', `flags ${flags} of a frame: a newer format (at byte ${at + 6})`)
  }
  return {
    kind: view.getUint16(at + 4, true),
    stream: view.getUint32(at + 8, true),
    answer: (flags & answerFlag) !== 0,
    error: (flags & errorFlag) !== 0,
    version: view.getUint8(at + 7),
    body: message.subarray(at + frameHeaderBytes, at + length),
  }
}

function tooLarge(what: string, bytes: number, limit: number): Error {
  return codedError('EG_FRAME_TOO_LARGE', `${what} of ${bytes} bytes; the limit is ${limit}`, { bytes, limit })
}

/**
 * Merges frames into messages: small parts are copied together, large ones (batches) stay as they are. A message goes
 * out when the next frame does not fit any more, and at `flush`, which the owner calls once per turn.
 */
export class FrameCork {
  readonly #send: (parts: readonly Uint8Array[]) => void
  #frameBytesMax: number = helloBytesMax
  #parts: Uint8Array[] = []
  #small = new ByteWriter(1024)
  #bytes = 0
  #frames = 0

  /** @param send takes one message; its parts are retained by it */
  constructor(send: (parts: readonly Uint8Array[]) => void) {
    this.#send = send
  }

  /** Bytes that wait for `flush`. */
  get bytes(): number {
    return this.#bytes
  }

  /** After the handshake: the announced limit. */
  set frameBytesMax(limit: number) {
    this.#frameBytesMax = limit
  }

  /**
   * @param parts one whole frame (`encodeFrame`), retained
   * @throws EG_FRAME_TOO_LARGE (fix-call): nothing was taken
   */
  write(parts: readonly Uint8Array[]): void {
    const bytes = countBytes(parts)
    if (bytes > this.#frameBytesMax) throw tooLarge('a frame', bytes, this.#frameBytesMax)
    if (this.#bytes + bytes > this.#frameBytesMax || this.#frames === messageFrameCountMax) this.flush()
    for (const part of parts) this.#take(part)
    this.#bytes += bytes
    this.#frames += 1
  }

  /** Sends what waits, if anything. */
  flush(): void {
    if (this.#frames === 0) return
    this.#closeSmall()
    const parts = this.#parts
    this.#parts = []
    this.#bytes = 0
    this.#frames = 0
    this.#send(parts)
  }

  #take(part: Uint8Array): void {
    if (part.length <= smallPartBytes) {
      this.#small.bytes(part)
      return
    }
    this.#closeSmall()
    this.#parts.push(part)
  }

  #closeSmall(): void {
    if (this.#small.length === 0) return
    this.#parts.push(this.#small.copy())
    this.#small.reset()
  }
}

/** Parts up to this are cheaper to copy than to hand over one by one. */
const smallPartBytes = 1024
