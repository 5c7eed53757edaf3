import { connectWith, type EastGuard } from '@eastguard/client'
import { type Disk, diskError, type Network, SeededRandom, silentLogger, silentMeter } from '@eastguard/kernel'
import { MemoryDisk, MemoryGroupStorage, MemoryNetwork } from '@eastguard/kernel/testing'
import { gzipCodec, NodeClock } from '@eastguard/node'
import { type Broker, type BrokerComponents, composeBroker } from '../src/compose.ts'
import { loadSettings } from '../src/settings/load.ts'
import { RawClient } from './raw-client.ts'

/** Two worlds of one test are not the same cluster. */
let worldCount = 0

const smallSettings = {
  dataDir: 'data',
  listen: '127.0.0.1:2921',
  journalFileBytes: '1MiB',
  batchBytesMax: '256KiB',
  reconcileInterval: '10ms',
  drainTimeout: '2s',
  vnodeCount: '4',
}

/** A view of a disk that one boot works with, until its power is cut. */
class Power {
  readonly disk: Disk
  #isCut = false

  constructor(disk: MemoryDisk) {
    this.disk = new Proxy<Disk>(disk, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target)
        if (typeof member !== 'function') return member
        return (...input: unknown[]): unknown => {
          if (this.#isCut) return Promise.reject(diskError('EG_DISK_FAILED', String(name), '', 'the power was cut'))
          return Reflect.apply(member, target, input)
        }
      },
    })
  }

  cut(): void {
    this.#isCut = true
  }
}

/** One broker with memory for a machine: disk, storage and network are the test's to break. */
export class World implements AsyncDisposable {
  readonly clock: NodeClock = new NodeClock()
  readonly disk: MemoryDisk = new MemoryDisk()
  readonly network: MemoryNetwork = new MemoryNetwork(this.clock)
  storage: MemoryGroupStorage = new MemoryGroupStorage()
  broker: Broker | undefined
  readonly #clients: EastGuard[] = []
  #power: Power = new Power(this.disk)
  #seed: number = worldCount++ * 1_000

  static async start(flags: { readonly [key: string]: unknown } = {}): Promise<World> {
    const world = new World()
    await world.start({ bootstrap: true, ...flags })
    return world
  }

  async start(flags: { readonly [key: string]: unknown } = {}, network: Network = this.network): Promise<Broker> {
    const { settings } = loadSettings({ flags: { ...smallSettings, ...flags }, environment: {} })
    this.#power = new Power(this.disk)
    this.broker = await composeBroker(settings, { ...this.components(), network })
    return this.broker
  }

  components(): BrokerComponents {
    return {
      clock: this.clock,
      random: new SeededRandom(++this.#seed),
      network: this.network,
      disk: this.#power.disk,
      openStorage: async () => this.storage,
      logger: silentLogger,
      metrics: { ...silentMeter, print: async () => '', contentType: 'text/plain' },
    }
  }

  /** A clean stop, and a start on what it left. */
  async restart(flags: { readonly [key: string]: unknown } = {}): Promise<void> {
    await this.broker?.close()
    this.storage = this.storage.reopen()
    await this.start(flags)
  }

  /**
   * What no sync has covered is gone. The dead broker is still in this process, and it will try to tidy up: its disk
   * answers no more.
   */
  async powerFailure(): Promise<void> {
    this.disk.crash()
    this.#power.cut()
    this.storage = this.storage.reopen()
    await this.broker?.close()
  }

  /** The power fails and comes back. */
  async crash(flags: { readonly [key: string]: unknown } = {}): Promise<void> {
    await this.powerFailure()
    await this.start(flags)
  }

  get address(): { readonly host: string; readonly port: number } {
    return this.broker?.address ?? { host: '127.0.0.1', port: 2921 }
  }

  async client(): Promise<EastGuard> {
    const components = {
      clock: this.clock,
      random: new SeededRandom(++this.#seed),
      network: this.network,
      codecs: [gzipCodec],
    }
    const client = await connectWith({ seeds: [`${this.address.host}:${this.address.port}`] }, components)
    this.#clients.push(client)
    return client
  }

  raw(): Promise<RawClient> {
    return RawClient.open(this.network, this.address)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close({ timeoutMs: 0 })))
    await this.broker?.close()
  }
}
