import { invariant } from '@eastguard/kernel'
import { codedError } from '../error-table.ts'

// What may be sent now. Both sessions use it: a producer sends batches (marks are frame sequences), a broker sends
// records (marks are offsets). The window is absolute: it says how much may be under way, not how much more.
//
//   acknowledged            under way              room
//   ──────────────|─── item ─|── item ──|─────────────────|
//               below                            below + window

export interface Window {
  /** Bytes that may be under way. */
  readonly bytes: number
  /** Items that may be under way; no bound unless said. */
  readonly items?: number | undefined
}

interface Sent<Item> {
  readonly end: number
  readonly bytes: number
  readonly item: Item
}

/**
 * The one decision: something fits into the window, or nothing is under way. Without the second half a window of 0, or
 * one smaller than a batch, would never reopen (H49).
 */
export function mayBeUnderWay(window: Window, under: { bytes: number; items: number }, bytes: number): boolean {
  if (under.items === 0) return true
  return under.bytes + bytes <= window.bytes && under.items + 1 <= (window.items ?? Number.POSITIVE_INFINITY)
}

export class SendWindow<Item = undefined> {
  #window: Window
  #below: number
  readonly #sent: Sent<Item>[] = []
  #head = 0
  #bytes = 0

  /** @param below everything below this mark counts as acknowledged from the start */
  constructor(window: Window, below = 0) {
    this.#window = window
    this.#below = below
  }

  /** Everything below this mark is acknowledged. */
  get below(): number {
    return this.#below
  }

  get bytesUnderWay(): number {
    return this.#bytes
  }

  get itemsUnderWay(): number {
    return this.#sent.length - this.#head
  }

  /** Whether an item of so many bytes may be sent now. */
  hasRoom(bytes: number): boolean {
    return mayBeUnderWay(this.#window, { bytes: this.#bytes, items: this.itemsUnderWay }, bytes)
  }

  /** @param end mark behind the item, above that of the item before */
  sent(end: number, bytes: number, item: Item): void {
    invariant(this.hasRoom(bytes), 'only what the window allows is sent', { bytes, underWay: this.#bytes })
    invariant(end > this.#lastEnd(), 'marks grow', { end, before: this.#lastEnd() })
    this.#sent.push({ end, bytes, item })
    this.#bytes += bytes
  }

  /**
   * The peer has taken everything below `below` and allows `window` from now on.
   * @returns the items that lie wholly below, in order
   * @throws EG_MALFORMED (fix-call) when `below` goes backwards or beyond what was sent: nothing changes
   */
  acknowledge(below: number, window: Window): readonly Item[] {
    if (below < this.#below || below > this.#lastEnd()) {
      throw codedError(
        'EG_MALFORMED',
        `${below} is acknowledged; it must be from ${this.#below} to ${this.#lastEnd()}`,
        {
          below,
          min: this.#below,
          max: this.#lastEnd(),
        },
      )
    }
    this.#below = below
    this.#window = window
    return this.#release(below)
  }

  /** What is under way, in order: what to report when the session ends. */
  remaining(): readonly Item[] {
    return this.#sent.slice(this.#head).map((sent) => sent.item)
  }

  #release(below: number): readonly Item[] {
    const released: Item[] = []
    for (let next = this.#sent[this.#head]; next !== undefined && next.end <= below; next = this.#sent[this.#head]) {
      released.push(next.item)
      this.#bytes -= next.bytes
      this.#head += 1
    }
    // The released front is cut off once it is the larger half, so that each item is moved at most once.
    if (this.#head * 2 >= this.#sent.length) {
      this.#sent.splice(0, this.#head)
      this.#head = 0
    }
    return released
  }

  #lastEnd(): number {
    return this.#sent.at(-1)?.end ?? this.#below
  }
}
