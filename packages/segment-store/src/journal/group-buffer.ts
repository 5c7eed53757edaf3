import { encodeFrame } from '../format/journal-frame.ts'
import { viewOf } from '../format/little-endian.ts'
import type { FrameRequest, Group } from './journal-core.ts'

/** Payloads from here on are written from where they are; smaller ones are cheaper to copy than to list. */
const ownPartBytes = 16_384

/** Turns a group into the parts of one write. Owns one buffer and uses it again for the next group. */
export class GroupBuffer {
  readonly #seed: number
  #bytes: Uint8Array
  #view: DataView

  constructor(seed: number, groupBytesMax: number) {
    this.#seed = seed
    this.#bytes = new Uint8Array(groupBytesMax)
    this.#view = viewOf(this.#bytes)
  }

  /** @returns views of the buffer and of large payloads: valid until the next call */
  gather<Entry extends FrameRequest>(group: Group<Entry>): readonly Uint8Array[] {
    this.#reserve(group)
    const parts: Uint8Array[] = []
    let written = 0 // bytes of the group that are in parts or in the buffer
    let from = 0 // start in the buffer of what is not yet a part
    let to = 0
    const pad = (until: number): void => {
      this.#bytes.fill(0, to, to + until - written)
      to += until - written
      written = until
    }
    for (const { entry, at, back } of group.frames) {
      pad(at - group.at)
      const payload = entry.payload
      const fields = { ...entry, sequence: group.sequence, durable: group.durable, back }
      encodeFrame(this.#bytes, this.#view, to, { ...fields, payloadBytes: payload?.length ?? 0 }, this.#seed)
      to += 64
      written += 64
      if (payload === undefined) continue
      written += payload.length
      if (payload.length < ownPartBytes) {
        this.#bytes.set(payload, to)
        to += payload.length
      } else {
        parts.push(this.#bytes.subarray(from, to), payload)
        from = to
      }
    }
    pad(group.bytes)
    if (to > from) parts.push(this.#bytes.subarray(from, to))
    return parts
  }

  #reserve(group: Group<FrameRequest>): void {
    let needed = group.bytes
    for (const { entry } of group.frames) {
      const bytes = entry.payload?.length ?? 0
      if (bytes >= ownPartBytes) needed -= bytes
    }
    if (needed <= this.#bytes.length) return
    this.#bytes = new Uint8Array(needed)
    this.#view = viewOf(this.#bytes)
  }
}
