import type { AbortSignal } from './abort-signal.ts'

// The world, as far as EastGuard touches it. Cores never see a port; drivers receive theirs from outside.
// Adapters: `@eastguard/kernel/testing` (memory), `@eastguard/node` (production). `@eastguard/kernel/contract` holds
// the cases that every adapter of a port passes.

export interface Clock {
  /** Milliseconds, monotonic, fractions allowed; the zero is arbitrary. */
  now(): number
  /** Integer milliseconds since 1970. May jump either way. */
  wallTime(): number
  /** `run` is never called inside `setTimer`, and not after `cancel`. A delay below 0 counts as 0. */
  setTimer(delayMs: number, run: () => void): Timer
}

export interface Timer {
  /** Idempotent. */
  cancel(): void
}

export interface Random {
  uint32(): number
  /** An integer in [0, bound), unbiased. */
  below(bound: number): number
  /** A number in [0, 1). */
  unit(): number
  bytes(count: number): Uint8Array
  /** Depends on the seed and the label alone, not on the draws so far. */
  fork(label: string): Random
}

export type Address = { readonly host: string; readonly port: number }

/** Message connections (WebSocket in production) and datagrams. */
export interface Network {
  /** Port 0 takes a free one. @throws EG_ADDRESS_IN_USE, EG_ADDRESS_UNAVAILABLE (fix-call) */
  listen(at: Address, accept: Acceptor, options: ListenOptions): Promise<Listener>
  /** @throws EG_UNREACHABLE (retry), or the reason of the signal */
  connect(to: Address, options: ConnectOptions): Promise<Connection>
  /** @param receive its bytes are borrowed until it returns */
  bindDatagram(at: Address, receive: (bytes: Uint8Array, from: Address) => void): Promise<DatagramSocket>
}

export interface ListenOptions {
  /** Path of the message connections, `/v1`. Everything else goes to `Acceptor.request`. */
  readonly path: string
  /** A larger message closes its connection (1009). */
  readonly messageBytesMax: number
  /**
   * Values of the `Origin` header that are welcome. A request without one does not come from a web page and passes;
   * any other origin is refused (403).
   */
  readonly origins: readonly string[]
  /**
   * Host names that a `Host` header may carry, without port, beside the loopback names and the listener's own
   * address; anything else is refused (403): a page that rebinds its name to this machine gets nothing.
   */
  readonly hosts: readonly string[]
}

export interface ConnectOptions {
  readonly path: string
  readonly messageBytesMax: number
  readonly signal: AbortSignal
}

export interface Acceptor {
  connection(connection: Connection): void
  /** GET only: health and metrics. Without it every plain request is answered 404. */
  request?(request: HttpRequest): Promise<HttpAnswer>
}

export type HttpRequest = { readonly path: string; readonly query: ReadonlyMap<string, string> }
export type HttpAnswer = { readonly status: number; readonly type: string; readonly body: string }

/** Disposing stops accepting and destroys what was accepted. */
export interface Listener extends AsyncDisposable {
  readonly address: Address
}

export interface Connection {
  readonly remote: Address
  /** Accepted by `send`, not yet by the kernel. */
  readonly bufferedBytes: number
  /** Exactly once; nothing is delivered before it. */
  start(handler: ConnectionHandler): void
  /** One binary message; its parts are retained until written. Messages of one turn leave in one write. Ignored after the end. */
  send(parts: readonly Uint8Array[]): void
  pauseReceive(): void
  resumeReceive(): void
  /** After what is buffered, at most 1 s. */
  close(code: number, reason: string): void
  destroy(): void
}

export interface ConnectionHandler {
  /** @param bytes borrowed until it returns */
  message(bytes: Uint8Array): void
  /** `bufferedBytes` was above 1 MiB and fell below half of it. */
  drained(): void
  /** The last call, exactly once. A text message, or one that is too large, ends the connection with 1003 or 1009. */
  closed(reason: { readonly code: number; readonly text: string }): void
}

export interface DatagramSocket extends AsyncDisposable {
  readonly address: Address
  /** Best effort. @param bytes copied */
  send(bytes: Uint8Array, to: Address): void
}

/**
 * Files under one root. Paths are relative to it, `/` between parts, never leaving it.
 *
 * Every method rejects with EG_DISK_NOT_FOUND, EG_DISK_EXISTS, EG_DISK_READ_ONLY, EG_DISK_FULL or EG_DISK_FAILED;
 * the facts carry the path and the operating system's own word.
 */
export interface Disk {
  /** `write` reads and writes what exists; `create` too, and the file must not exist. */
  open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile>
  /** Replaces `to`. Not durable before `syncDirectory` of both parents. */
  rename(from: string, to: string): Promise<void>
  /** Removes a file or an empty directory. */
  remove(path: string): Promise<void>
  /** With its parents; fine when it exists. Makes the new entries durable. */
  makeDirectory(path: string): Promise<void>
  syncDirectory(path: string): Promise<void>
  /** Sorted by name (by code unit). `''` is the root. */
  list(path: string): Promise<readonly DirectoryEntry[]>
  /** Full = used / (used + available). */
  space(): Promise<{ readonly usedBytes: number; readonly availableBytes: number }>
  /** Freed by `dispose` or by the death of the process. @throws EG_DATA_DIR_LOCKED (fix-call), which names the owner */
  lock(path: string): Promise<AsyncDisposable>
}

export type DirectoryEntry = { readonly name: string; readonly directory: boolean }

export interface DiskFile {
  size(): Promise<number>
  /** @param into borrowed until settled. @returns bytes read: short only at the end of the file */
  read(position: number, into: Uint8Array): Promise<number>
  /** All of it, or an error. @param parts borrowed until settled */
  write(position: number, parts: readonly Uint8Array[]): Promise<void>
  /** Data and length. A failure poisons the file for good: every later call on it fails. */
  sync(): Promise<void>
  truncate(size: number): Promise<void>
  /** Does not sync. Idempotent. */
  close(): Promise<void>
}

/** Ordered map of small byte strings (keys by byte order), one atomic durable commit at a time. Knows nothing of Raft. */
export interface GroupStorage extends AsyncDisposable, StorageReads {
  /** One consistent state, however many commits follow. It pins space: dispose it soon. */
  view(): StorageView
  /**
   * Applied in order; atomic; durable when it resolves. Bytes are copied before it returns. A `get` while a commit is
   * under way may show either state.
   * @throws EG_STORAGE_FULL (give-up): nothing was applied, removals still work. Any other rejection is fatal: the
   * process must end, because the outcome is unknown.
   */
  commit(writes: readonly StorageWrite[]): Promise<void>
}

export interface StorageReads {
  /** A copy. @throws EG_STORAGE_DAMAGED (give-up) when the value's checksum does not hold */
  get(key: Uint8Array): Uint8Array | undefined
  /** Keys in [from, to), ascending, or descending with `reverse`; at most `limit`. @throws EG_STORAGE_DAMAGED */
  scan(
    from: Uint8Array,
    to: Uint8Array,
    options: { readonly limit: number; readonly reverse?: boolean },
  ): readonly StorageEntry[]
}

export interface StorageView extends StorageReads, Disposable {}

export type StorageEntry = readonly [key: Uint8Array, value: Uint8Array]

export type StorageWrite =
  | { readonly kind: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: 'remove'; readonly key: Uint8Array }
  | { readonly kind: 'removeRange'; readonly from: Uint8Array; readonly to: Uint8Array }
