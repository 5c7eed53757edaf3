import type { EastGuardError } from '@eastguard/kernel'
import type { Frame, Kind } from '@eastguard/protocol'
import type { SendRoom } from './send-budget.ts'

/** One open stream of a connection. The connection owns it and gives it its frames, in order. */
export interface Session {
  /** @throws EastGuardError: the session ends with it */
  frame(frame: Frame): void
  /** There may be room for the stream again, which `takeRoom` or `confirm` refused. */
  roomAgain(): void
  /** The peer closed the session, or the connection is gone: nothing may be sent any more. */
  end(): void
  /** The broker ends it: tells the peer why. */
  fail(error: EastGuardError): void
}

/** What a session needs from its connection. */
export interface SessionLink {
  /** One frame of this session. @param body retained */
  send(kind: Kind, body: Uint8Array | readonly Uint8Array[]): void
  /** Before something large is read; undefined while there is no room, and `roomAgain` follows. Give it back in any case. */
  takeRoom(bytes: number): SendRoom | undefined
  /** True while so much waits for the network that nothing should be added. */
  readonly congested: boolean
  /** The session has ended: the stream's number is free again. */
  ended(): void
}
