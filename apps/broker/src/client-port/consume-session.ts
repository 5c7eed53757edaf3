import { type Clock, type EastGuardError, isEastGuardError, type Timer } from '@eastguard/kernel'
import {
  codedError,
  countBytes,
  decodeProgress,
  encodeClose,
  encodeIdle,
  encodeRecords,
  type Frame,
  kindOf,
  SendWindow,
  toErrorBody,
} from '@eastguard/protocol'
import { type Offset, segmentIdBytes } from '@eastguard/segment-store'
import type { RangeRead, RangeReader } from '../records/range-reader.ts'
import type { SendRoom } from './send-budget.ts'
import type { Session, SessionLink } from './session.ts'

export interface ConsumeLimits {
  /** Bytes asked of one read: one frame at the most. */
  readonly readBytesMax: number
  readonly windowBytesMax: number
  readonly idleIntervalMs: number
}

// Pushes one range's records to one reader, inside the window that it grants. One loop; it sleeps while the window is
// closed, while the network is congested, and at the committed end, and every cause that can change that wakes it.
export class ConsumeSession implements Session {
  readonly #reader: RangeReader
  readonly #limits: ConsumeLimits
  readonly #link: SessionLink
  readonly #clock: Clock
  readonly #commits: Disposable
  readonly #window: SendWindow
  #windowBytes: number
  #position: Offset
  #running = false
  #woken = false
  #ended = false
  #idle: Timer

  constructor(
    reader: RangeReader,
    from: Offset,
    windowBytes: number,
    limits: ConsumeLimits,
    link: SessionLink,
    clock: Clock,
  ) {
    this.#reader = reader
    this.#position = from
    this.#limits = limits
    this.#windowBytes = Math.min(windowBytes, limits.windowBytesMax)
    this.#window = new SendWindow({ bytes: this.#windowBytes }, from)
    this.#link = link
    this.#clock = clock
    this.#commits = reader.onCommit(() => this.#wake())
    this.#idle = this.#armIdle()
  }

  /** Begins to push. Apart from the constructor, so that the opening can be answered first. */
  start(): void {
    this.#wake()
  }

  frame(frame: Frame): void {
    switch (kindOf(frame.kind)) {
      case 'progress':
        this.#progress(frame.body)
        return
      case 'close':
        this.end()
        this.#link.ended()
        return
      default:
        throw codedError('EG_UNEXPECTED_FRAME', `kind ${frame.kind} in a consume session`)
    }
  }

  roomAgain(): void {
    this.#wake()
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#idle.cancel()
    this.#commits[Symbol.dispose]()
  }

  fail(error: EastGuardError): void {
    if (this.#ended) return
    this.end()
    this.#link.send('close', encodeClose(toErrorBody(error)))
    this.#link.ended()
  }

  #progress(body: Uint8Array): void {
    const { takenBelow, windowBytes } = decodeProgress(body)
    this.#windowBytes = Math.min(windowBytes, this.#limits.windowBytesMax)
    this.#window.acknowledge(takenBelow, { bytes: this.#windowBytes })
    this.#wake()
  }

  #wake(): void {
    this.#woken = true
    if (this.#running || this.#ended) return
    this.#running = true
    this.#run().then(
      () => {
        this.#running = false
        if (this.#woken) this.#wake()
      },
      (error: unknown) => {
        this.#running = false
        this.fail(isEastGuardError(error) ? error : codedError('EG_INTERNAL', String(error), {}, error))
      },
    )
  }

  /** Pushes until there is a reason to sleep. */
  async #run(): Promise<void> {
    while (this.#woken && !this.#ended) {
      this.#woken = false
      while (!this.#ended && this.#roomBytes() > 0 && (await this.#readOnce()));
    }
  }

  /** @returns whether to read on at once */
  async #readOnce(): Promise<boolean> {
    const bytes = Math.min(this.#roomBytes(), this.#limits.readBytesMax)
    const room = this.#link.takeRoom(bytes)
    if (room === undefined) return false
    try {
      const answer = await this.#reader.read(this.#position, bytes)
      return !this.#ended && this.#take(answer, room)
    } finally {
      room[Symbol.dispose]()
    }
  }

  /** H49: there is always room for one batch when everything sent has been taken. */
  #roomBytes(): number {
    if (this.#window.itemsUnderWay === 0) return Math.max(this.#windowBytes, 1)
    return this.#windowBytes - this.#window.bytesUnderWay
  }

  /** @returns whether to read on at once */
  #take(answer: RangeRead, room: SendRoom): boolean {
    switch (answer.kind) {
      case 'records':
        return this.#push(answer, room)
      case 'end':
        return false
      case 'trimmed':
        throw codedError(
          'EG_OFFSET_OUT_OF_RANGE',
          `offset ${this.#position} is gone; the range starts at ${answer.startOffset} now`,
          { startOffset: answer.startOffset },
        )
      case 'damaged':
        throw codedError('EG_DAMAGED', `damaged: ${answer.place}`, { place: answer.place, offset: this.#position })
      case 'notLoaded':
        throw codedError('EG_NOT_LOADED', answer.reason)
      case 'deleted':
        throw codedError('EG_TOPIC_NOT_FOUND', 'the topic was deleted')
    }
  }

  #push(answer: RangeRead & { readonly kind: 'records' }, room: SendRoom): boolean {
    const { segment, parts, endOffset } = answer
    const bytes = countBytes(parts)
    // A read gives one batch at least; one that is larger than the room waits until everything sent has been taken.
    if (!this.#window.hasRoom(bytes) || !room.confirm()) return false
    const committedEnd = this.#reader.committedEnd
    this.#link.send('records', encodeRecords({ segmentId: segmentIdBytes(segment), committedEnd, parts }))
    this.#window.sent(endOffset, bytes, undefined)
    this.#position = endOffset
    this.#idle.cancel()
    this.#idle = this.#armIdle()
    return true
  }

  /** Silence always means trouble: a reader that has nothing to get hears so. */
  #armIdle(): Timer {
    return this.#clock.setTimer(this.#limits.idleIntervalMs, () => {
      const committedEnd = this.#reader.committedEnd
      if (!this.#link.congested) this.#link.send('idle', encodeIdle({ committedEnd, leaderAgeMs: 0 }))
      this.#idle = this.#armIdle()
    })
  }
}
