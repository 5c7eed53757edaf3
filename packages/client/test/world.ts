import { type Logger, SeededRandom, silentLogger } from '@eastguard/kernel'
import { MemoryClock, MemoryNetwork } from '@eastguard/kernel/testing'
import type { Limits } from '@eastguard/protocol'
import { onTestFinished } from 'vitest'
import { type ClientSettings, type Components, connectWith, type EastGuard } from '../src/index.ts'
import { FakeBroker, type FakeScript } from './fake-broker.ts'

/** One broker, one clock that stands still until `run` moves it, and a client on them. */
export interface World {
  readonly clock: MemoryClock
  readonly network: MemoryNetwork
  readonly broker: FakeBroker
  readonly components: Components
}

export interface WorldOptions {
  readonly limits?: Partial<Limits>
  readonly script?: FakeScript
  readonly logger?: Logger
  readonly codecs?: Components['codecs']
}

export const startOfTime = 1_700_000_000_000

export async function world(options: WorldOptions = {}): Promise<World> {
  const clock = new MemoryClock(startOfTime)
  const network = new MemoryNetwork(clock)
  const broker = new FakeBroker(network, clock, options.limits === undefined ? {} : { limits: options.limits })
  broker.script = options.script ?? {}
  await broker.start()
  const { codecs = [], logger = silentLogger } = options
  return { clock, network, broker, components: { clock, random: new SeededRandom(1), network, codecs, logger } }
}

export async function connected(
  options: WorldOptions & { readonly settings?: Partial<ClientSettings> } = {},
): Promise<World & { readonly eg: EastGuard }> {
  const made = await world(options)
  const eg = await run(made.clock, connectWith({ seeds: ['broker:2921'], ...options.settings }, made.components))
  onTestFinished(async () => {
    await run(made.clock, eg.close({ timeoutMs: 1 }))
  })
  return { ...made, eg }
}

/** Everything that can happen without time passing has happened. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Lets time pass, from timer to timer, until `work` settles; fails after `limitMs` of it. */
export async function run<Value>(clock: MemoryClock, work: Promise<Value>, limitMs = 600_000): Promise<Value> {
  let done = false
  const settled = (): void => {
    done = true
  }
  work.then(settled, settled)
  const end = clock.now() + limitMs
  for (;;) {
    await turn()
    if (done) return work
    const next = clock.nextTimerAt
    if (next === undefined || next > end) throw new Error(`still waiting at ${clock.now()} ms`)
    clock.advance(next - clock.now())
  }
}

/** Lets exactly so much time pass. */
export async function pass(clock: MemoryClock, durationMs: number): Promise<void> {
  const end = clock.now() + durationMs
  for (;;) {
    await turn()
    const next = clock.nextTimerAt
    if (next === undefined || next > end) break
    clock.advance(next - clock.now())
  }
  clock.advance(end - clock.now())
  await turn()
}

/** The code with which a promise rejects, or `stored` and the like: what a test compares. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'ok'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}
