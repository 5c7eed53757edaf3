import { invariant } from '@eastguard/kernel'
import { codedError } from '../error-table.ts'
import { mayBeUnderWay, type Window } from './send-window.ts'

// What to grant, and whether the sender keeps to it. Counterpart of the send window, for both sessions: a broker that
// takes batches, a consumer that takes records.

/**
 * The sender may act on any window that was ever announced, since announcements are under way too; so the largest one is
 * what it is held to, and what the receiver must have memory for.
 */
export class ReceiveWindow {
  #window: Window
  #announced: Window
  readonly #held: { readonly end: number; readonly bytes: number }[] = []
  #head = 0
  #bytes = 0
  #below: number
  #announcedBelow: number
  #bytesSinceAnnounced = 0

  /** @param window the one announced when the session opened */
  constructor(window: Window, below = 0) {
    this.#window = window
    this.#announced = window
    this.#below = below
    this.#announcedBelow = below
  }

  /** Everything below this mark is released. */
  get below(): number {
    return this.#below
  }

  get bytesHeld(): number {
    return this.#bytes
  }

  get itemsHeld(): number {
    return this.#held.length - this.#head
  }

  /**
   * An item came in.
   * @param end mark behind it, above that of the item before
   * @throws EG_WINDOW_EXCEEDED, EG_MALFORMED (fix-call) when the mark does not grow: it is not counted, and the session
   * ends
   */
  received(end: number, bytes: number): void {
    const held = { bytes: this.#bytes, items: this.itemsHeld }
    if (!mayBeUnderWay(this.#announced, held, bytes)) {
      throw codedError(
        'EG_WINDOW_EXCEEDED',
        `${bytes} bytes on top of ${held.bytes}; the window is ${this.#announced.bytes}`,
        {
          bytes,
          held: held.bytes,
          limit: this.#announced.bytes,
        },
      )
    }
    const before = this.#held.at(-1)?.end ?? this.#below
    if (end <= before) {
      throw codedError('EG_MALFORMED', `an item ends at ${end}, the one before at ${before}`, { end, before })
    }
    this.#held.push({ end, bytes })
    this.#bytes += bytes
  }

  /** Everything below the mark is durable, or taken. Never backwards. */
  release(below: number): void {
    invariant(below >= this.#below, 'releases never go backwards', { below, before: this.#below })
    this.#below = below
    for (let next = this.#held[this.#head]; next !== undefined && next.end <= below; next = this.#held[this.#head]) {
      this.#bytes -= next.bytes
      this.#bytesSinceAnnounced += next.bytes
      this.#head += 1
    }
    if (this.#head * 2 >= this.#held.length) {
      this.#held.splice(0, this.#head)
      this.#head = 0
    }
  }

  /** Changes what the next announcement grants. */
  grant(window: Window): void {
    this.#window = window
  }

  /**
   * Whether the sender should hear now: half of the window was released since it last heard, or everything that came was
   * released, so that a sender that may send one item at a time never waits (H49).
   */
  get announceDue(): boolean {
    if (this.#below === this.#announcedBelow) return false
    return this.itemsHeld === 0 || this.#bytesSinceAnnounced * 2 >= this.#window.bytes
  }

  /** What to announce; the caller sends it now. */
  announce(): { readonly below: number; readonly window: Window } {
    this.#announced = largerWindow(this.#announced, this.#window)
    this.#announcedBelow = this.#below
    this.#bytesSinceAnnounced = 0
    return { below: this.#below, window: this.#window }
  }
}

function largerWindow(a: Window, b: Window): Window {
  const items = a.items === undefined || b.items === undefined ? undefined : Math.max(a.items, b.items)
  return { bytes: Math.max(a.bytes, b.bytes), items }
}
