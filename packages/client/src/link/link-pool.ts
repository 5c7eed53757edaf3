import {
  type AbortSignal,
  AbortSource,
  type Address,
  type EastGuardError,
  isEastGuardError,
  sleep,
  throwIfAborted,
} from '@eastguard/kernel'
import { type BrokerPlace, codedError, type Limits } from '@eastguard/protocol'
import type { Components } from '../components.ts'
import { asEastGuardError } from '../errors.ts'
import type { ResolvedSettings } from '../settings.ts'
import { Backoff } from './backoff.ts'
import { BrokerLink } from './broker-link.ts'
import { orAbort } from './or-abort.ts'

/** One place that the client dials, and when it may do so again. */
interface Target {
  readonly address: Address
  readonly backoff: Backoff
  notBefore: number
  dialing: Promise<BrokerLink> | undefined
  link: BrokerLink | undefined
}

/** A connection that ends sooner than this counts as a failed attempt, ms. */
const steadyMs = 1000

/**
 * At most one connection per broker, dialled when somebody needs it; attempts at one address are paced by its backoff,
 * whoever asks.
 */
export class LinkPool {
  readonly #settings: ResolvedSettings
  readonly #components: Components
  readonly #targets = new Map<string, Target>()
  readonly #life = new AbortSource()
  #clusterId: string | undefined
  #limits: Limits | undefined
  #nextSeed = 0
  /** Every connection until its end, also those that their brokers asked to leave: `close` waits for them. */
  readonly #watching = new Map<BrokerLink, Promise<void>>()

  constructor(settings: ResolvedSettings, components: Components) {
    this.#settings = settings
    this.#components = components
  }

  /** As announced by the broker that greeted last. @throws when nobody has: `any` comes first */
  get limits(): Limits {
    if (this.#limits === undefined) throw codedError('EG_UNREACHABLE', 'no broker has answered yet')
    return this.#limits
  }

  /** Aborts when the pool closes. */
  get life(): AbortSignal {
    return this.#life.signal
  }

  /**
   * A connection to whichever broker answers, seeds in turn, until the signal aborts.
   * @throws the signal's reason; EG_WRONG_CLUSTER, EG_UNSUPPORTED_VERSION at once
   */
  async any(signal: AbortSignal, note?: (error: EastGuardError) => void): Promise<BrokerLink> {
    for (;;) {
      throwIfAborted(this.#life.signal)
      throwIfAborted(signal)
      for (const { link } of this.#targets.values()) if (link?.isUsable) return link
      try {
        return await orAbort(this.#anySeed(), signal)
      } catch (error) {
        if (!isEastGuardError(error) || error.remedy !== 'retry' || signal.aborted) throw error
        note?.(error)
      }
    }
  }

  /** A connection to this broker: one attempt. @throws EG_UNREACHABLE, EG_TIMEOUT (retry), the signal's reason */
  async to(place: BrokerPlace, signal: AbortSignal): Promise<BrokerLink> {
    throwIfAborted(this.#life.signal)
    for (const { link } of this.#targets.values()) {
      if (link?.isUsable && link.welcome.brokerId === place.brokerId) return link
    }
    return orAbort(this.#dial({ host: place.host, port: place.port }), signal)
  }

  /** Ends every connection. Idempotent. */
  async close(error: EastGuardError): Promise<void> {
    this.#life.abort(error)
    const dialing = [...this.#targets.values()].flatMap((target) => target.dialing ?? [])
    await Promise.allSettled(dialing)
    for (const link of this.#watching.keys()) link.close(error)
    await Promise.all(this.#watching.values())
  }

  #anySeed(): Promise<BrokerLink> {
    const { seeds } = this.#settings
    // Seeds are never empty.
    const seed = seeds[this.#nextSeed++ % seeds.length] as Address
    return this.#dial(seed)
  }

  #dial(address: Address): Promise<BrokerLink> {
    const target = this.#target(address)
    if (target.link?.isUsable) return Promise.resolve(target.link)
    target.dialing ??= this.#attempt(target).finally(() => {
      target.dialing = undefined
    })
    return target.dialing
  }

  async #attempt(target: Target): Promise<BrokerLink> {
    const { clock, logger } = this.#components
    const { host, port } = target.address
    try {
      const waitMs = target.notBefore - clock.now()
      if (waitMs > 0) await sleep(clock, waitMs, this.#life.signal)
      const link = await this.#open(target.address)
      this.#clusterId ??= link.welcome.clusterId
      this.#limits = link.welcome.limits
      target.link = link
      this.#watch(target, link)
      logger?.info('connected', { host, port, broker: link.welcome.brokerId })
      return link
    } catch (error) {
      target.notBefore = clock.now() + target.backoff.nextMs()
      throw asEastGuardError(error)
    }
  }

  #open(address: Address): Promise<BrokerLink> {
    const { clientId, probeIntervalMs, connectTimeoutMs } = this.#settings
    const settings = { clientId, probeIntervalMs, helloTimeoutMs: connectTimeoutMs, clusterId: this.#clusterId }
    return BrokerLink.open(address, settings, this.#components, this.#life.signal)
  }

  #watch(target: Target, link: BrokerLink): void {
    const { clock, logger } = this.#components
    const openedAt = clock.now()
    const watched = link.ended.then((error) => {
      if (target.link === link) target.link = undefined
      if (clock.now() - openedAt >= steadyMs) target.backoff.reset()
      target.notBefore = clock.now() + target.backoff.nextMs()
      this.#watching.delete(link)
      const { host, port } = target.address
      logger?.info('disconnected', { host, port, code: error.code, message: error.message })
    })
    this.#watching.set(link, watched)
  }

  #target(address: Address): Target {
    const key = `${address.host}:${address.port}`
    const known = this.#targets.get(key)
    if (known !== undefined) return known
    const { reconnectFirstMs: firstMs, reconnectMaxMs: maxMs } = this.#settings
    const backoff = new Backoff({ firstMs, maxMs }, this.#components.random)
    const target: Target = {
      address,
      backoff,
      notBefore: this.#components.clock.now(),
      dialing: undefined,
      link: undefined,
    }
    this.#targets.set(key, target)
    return target
  }
}
