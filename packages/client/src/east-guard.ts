import { type AbortSignal, throwIfAborted, withTimeout } from '@eastguard/kernel'
import { checkTopicName, codedError, type Welcome } from '@eastguard/protocol'
import { Admin } from './admin/admin.ts'
import type { Components } from './components.ts'
import { Caller } from './link/caller.ts'
import { LinkPool } from './link/link-pool.ts'
import { orAbort } from './link/or-abort.ts'
import { ProducePipeline } from './producer/pipeline.ts'
import { Producer } from './producer/producer.ts'
import { type ProducerSettings, resolveProducerSettings } from './producer/producer-settings.ts'
import { Reader } from './reader/reader.ts'
import { type ReaderSettings, resolveReaderSettings } from './reader/reader-settings.ts'
import { Routes } from './route/routes.ts'
import { type ClientSettings, type ResolvedSettings, resolveSettings } from './settings.ts'

/** The cluster that a client is connected to. */
export interface ClusterIdentity {
  /** 32 hex digits. */
  readonly clusterId: string
  /** Of the broker that greeted first. */
  readonly software: string
}

/**
 * A client: administration, producers, readers, over at most one connection per broker, which it makes and makes again
 * by itself. Nothing is thrown outside an awaited call.
 */
export class EastGuard implements AsyncDisposable {
  readonly admin: Admin
  readonly cluster: ClusterIdentity
  readonly #components: Components
  readonly #pool: LinkPool
  readonly #caller: Caller
  readonly #routes: Routes
  readonly #producers = new Set<Producer>()
  readonly #readers = new Set<Reader>()
  #closing: Promise<void> | undefined

  /**
   * Resolves once a broker has greeted.
   * @throws EG_UNREACHABLE (retry) when none did before `connectTimeoutMs`; EG_WRONG_CLUSTER, EG_UNSUPPORTED_VERSION,
   * EG_INVALID_ARGUMENT, the signal's reason
   */
  static async open(settings: ClientSettings & ConnectOptions, components: Components): Promise<EastGuard> {
    throwIfAborted(settings.signal)
    const resolved = resolveSettings(settings)
    const pool = new LinkPool(resolved, components)
    try {
      const welcome = await greet(pool, resolved, components, settings.signal)
      return new EastGuard(resolved, components, pool, welcome)
    } catch (error) {
      await pool.close(codedError('EG_CLOSED', 'connecting failed'))
      throw error
    }
  }

  private constructor(settings: ResolvedSettings, components: Components, pool: LinkPool, welcome: Welcome) {
    this.#components = components
    this.#pool = pool
    this.#caller = new Caller(pool, components, settings.callTimeoutMs)
    this.#routes = new Routes(pool, this.#caller)
    this.admin = new Admin(this.#caller, components.random)
    this.cluster = { clusterId: welcome.clusterId, software: welcome.software }
  }

  /** A producer for one topic, which is looked up with the first record. @throws EG_INVALID_NAME, EG_INVALID_ARGUMENT */
  producer(topic: string, settings: ProducerSettings = {}): Producer {
    this.#check(topic)
    const components = this.#components
    const resolved = resolveProducerSettings(settings, this.#pool.limits, components.codecs)
    const pipeline = new ProducePipeline(topic, resolved, { components, routes: this.#routes })
    const producer = new Producer(pipeline, resolved, () => void this.#producers.delete(producer))
    this.#producers.add(producer)
    return producer
  }

  /** One pass over a topic, which starts with the first call to it. @throws EG_INVALID_NAME, EG_INVALID_ARGUMENT */
  reader(topic: string, settings: ReaderSettings = {}): Reader {
    this.#check(topic)
    const resolved = resolveReaderSettings(settings, this.#components.clock.wallTime())
    const parts = { components: this.#components, routes: this.#routes, caller: this.#caller, pool: this.#pool }
    const reader = new Reader(topic, resolved, parts, {
      signal: settings.signal,
      onClose: () => void this.#readers.delete(reader),
    })
    this.#readers.add(reader)
    return reader
  }

  /**
   * Closes readers, flushes and closes producers for up to `timeoutMs` (default 10,000), then the connections. Always
   * returns, also with no broker alive. Idempotent.
   */
  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.timeoutMs ?? 10_000)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(timeoutMs: number): Promise<void> {
    await Promise.all([...this.#readers].map((reader) => reader.close()))
    await Promise.all([...this.#producers].map((producer) => producer.close({ timeoutMs })))
    await this.#pool.close(codedError('EG_CLOSED', 'the client is closed'))
  }

  #check(topic: string): void {
    if (this.#closing !== undefined) throw codedError('EG_CLOSED', 'the client is closed')
    checkTopicName(topic)
  }
}

export interface ConnectOptions {
  /** Ends connecting; the client that `connect` returned no longer listens to it. */
  readonly signal?: AbortSignal | undefined
}

/** The first greeting. @throws the last failure where time ran out: it says more than that */
async function greet(
  pool: LinkPool,
  settings: ResolvedSettings,
  { clock }: Components,
  signal: AbortSignal | undefined,
): Promise<Welcome> {
  const limit = withTimeout(clock, settings.connectTimeoutMs, 'connecting', signal)
  let failure: Error | undefined
  try {
    const link = await orAbort(
      pool.any(limit.signal, (error) => {
        failure = error
      }),
      limit.signal,
    )
    return link.welcome
  } catch (error) {
    throwIfAborted(signal)
    throw limit.signal.aborted ? unreachable(settings, failure ?? (error as Error)) : error
  } finally {
    limit[Symbol.dispose]()
  }
}

function unreachable({ seeds, connectTimeoutMs }: ResolvedSettings, cause: Error): Error {
  const names = seeds.map(({ host, port }) => `${host}:${port}`).join(', ')
  const message = `no broker answered at ${names} within ${connectTimeoutMs} ms: ${cause.message}`
  return codedError('EG_UNREACHABLE', message, { seeds: names, connectTimeoutMs }, cause)
}
