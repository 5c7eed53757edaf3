import { type EastGuardError, isEastGuardError } from '@eastguard/kernel'
import { codedError } from '../error-table.ts'
import type { Frame } from '../frame.ts'
import { kindRow, kinds, type UnaryKind } from '../kind.ts'
import { decodeError, fromErrorBody } from '../message/error.ts'
import { StreamIds } from './stream-ids.ts'

// Unary calls of one connection: who waits on which stream, and until when. Time is passed in; nothing here waits.

export interface Call<Token> {
  readonly stream: number
  readonly kind: UnaryKind
  /** On the caller's clock, ms. */
  readonly deadline: number
  /** Whatever the owner needs to settle the call. */
  readonly token: Token
}

export type CallAnswer<Token> =
  | { readonly kind: 'answered'; readonly call: Call<Token>; readonly body: Uint8Array }
  | { readonly kind: 'failed'; readonly call: Call<Token>; readonly error: EastGuardError }
  /** Expired or cancelled before, or never asked: ignore it. */
  | { readonly kind: 'unknown' }

export interface FailedCall<Token> {
  readonly call: Call<Token>
  readonly error: EastGuardError
}

export class Calls<Token> {
  readonly #calls = new Map<number, Call<Token>>()
  readonly #streams: StreamIds
  readonly #callCountMax: number

  constructor(settings: { readonly callCountMax: number; readonly streams?: StreamIds }) {
    this.#callCountMax = settings.callCountMax
    this.#streams = settings.streams ?? new StreamIds()
  }

  get count(): number {
    return this.#calls.size
  }

  /** Earliest deadline of all calls. */
  get nextDeadline(): number | undefined {
    let earliest: number | undefined
    for (const { deadline } of this.#calls.values()) {
      if (earliest === undefined || deadline < earliest) earliest = deadline
    }
    return earliest
  }

  /** @throws EG_OVERLOADED (retry): nothing was sent */
  begin(kind: UnaryKind, deadline: number, token: Token): Call<Token> {
    if (this.#calls.size >= this.#callCountMax) {
      throw codedError(
        'EG_OVERLOADED',
        `${this.#calls.size} calls wait for an answer; the limit is ${this.#callCountMax}`,
        {
          calls: this.#calls.size,
          limit: this.#callCountMax,
        },
      )
    }
    const call = { stream: this.#streams.take(), kind, deadline, token }
    this.#calls.set(call.stream, call)
    return call
  }

  /** The answer's frame; its body is a view of the message. */
  answer(frame: Frame): CallAnswer<Token> {
    const call = this.#calls.get(frame.stream)
    if (call === undefined || !(frame.answer || frame.error)) return { kind: 'unknown' }
    if (!frame.error && frame.kind !== kinds[call.kind].number) return { kind: 'unknown' }
    this.#remove(call)
    if (!frame.error) return { kind: 'answered', call, body: frame.body }
    return { kind: 'failed', call, error: readError(frame.body) }
  }

  /** Calls whose deadline has passed, removed: their answers are ignored from now on. */
  expire(now: number): readonly FailedCall<Token>[] {
    const failed: FailedCall<Token>[] = []
    for (const call of this.#calls.values()) {
      if (call.deadline > now) continue
      this.#remove(call)
      failed.push({ call, error: lostAnswer(call.kind, 'EG_TIMEOUT', 'no answer before the deadline') })
    }
    return failed
  }

  /** The caller gave up. @returns what to tell it, or undefined when the call had ended */
  cancel(stream: number): FailedCall<Token> | undefined {
    const call = this.#calls.get(stream)
    if (call === undefined) return undefined
    this.#remove(call)
    return { call, error: lostAnswer(call.kind, 'EG_ABORTED', 'aborted by the caller') }
  }

  /** The connection is gone: every call fails. */
  close(why: string): readonly FailedCall<Token>[] {
    const failed: FailedCall<Token>[] = []
    for (const call of this.#calls.values()) {
      this.#remove(call)
      failed.push({ call, error: lostAnswer(call.kind, 'EG_UNREACHABLE', why) })
    }
    return failed
  }

  #remove(call: Call<Token>): void {
    this.#calls.delete(call.stream)
    this.#streams.release(call.stream)
  }
}

/** A call without an answer: where it may have had an effect, nobody can say that it had none. */
function lostAnswer(
  kind: UnaryKind,
  code: 'EG_TIMEOUT' | 'EG_ABORTED' | 'EG_UNREACHABLE',
  why: string,
): EastGuardError {
  const { name, effect } = kindRow(kind)
  return effect
    ? codedError('EG_OUTCOME_UNKNOWN', `${name}: ${why}; it may have happened`, { call: name, reason: code })
    : codedError(code, `${name}: ${why}`, { call: name })
}

/** Never throws: the call has to end, also when the peer's error cannot be read. */
function readError(body: Uint8Array): EastGuardError {
  try {
    return fromErrorBody(decodeError(body))
  } catch (error) {
    if (isEastGuardError(error)) return error
    throw error
  }
}
