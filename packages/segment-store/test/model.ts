import { type Random, SeededRandom } from '@eastguard/kernel'
import { MemoryDisk } from '@eastguard/kernel/testing'
import { batchBaseOffset } from '@eastguard/record'
import { expect } from 'vitest'
import type { SegmentId, SegmentStore, StoreSettings } from '../src/index.ts'
import type { StoreRules } from '../src/rules.ts'
import { imageOf, tornDisk } from './disk-image.ts'
import { ProcessDisk } from './process-disk.ts'
import { batchOf, digest, openStore, prelude, readAll, segmentId } from './support.ts'

interface Known {
  readonly id: SegmentId
  readonly start: number
  /** In the order of the calls; those up to `acknowledged` have been acknowledged. */
  batches: { readonly bytes: Uint8Array; end: number }[]
  acknowledged: number
  fenced: boolean
  /** Ends that a seal was asked to make, and whether one was answered. */
  sealAsked: number | undefined
  sealed: boolean
  forgetAsked: boolean
  forgotten: boolean
  /** Exact from the first recovery on. */
  recoveredEnd: number | undefined
}

/**
 * A random life of a store on a disk that forgets what was not synced, against a model that knows what was promised:
 * acknowledged is recovered, byte for byte; what was not promised is there as a whole batch or not at all; what one
 * recovery has decided, the next ones repeat.
 */
export class ModelRun {
  disk: MemoryDisk = new MemoryDisk()
  /** After a power failure, each sector that no sync covered is old or new, and so is each name. */
  tears = false
  readonly #random: Random
  readonly #settings: Partial<StoreSettings>
  readonly #rules: Partial<StoreRules>
  readonly #known = new Map<SegmentId, Known>()
  #store: SegmentStore | undefined
  #process: ProcessDisk | undefined
  #segmentCount = 0
  #batchCount = 0
  #pending = new Set<Promise<void>>()
  journalFilesMax = 0

  constructor(seed: number, settings: Partial<StoreSettings> = {}, rules: Partial<StoreRules> = {}) {
    this.#random = new SeededRandom(seed)
    this.#settings = settings
    this.#rules = rules
  }

  async run(lives: number, steps: number): Promise<void> {
    for (let life = 0; life < lives; life++) {
      this.#store = await this.#start()
      await this.#checkAll(this.#store)
      if (this.#random.below(3) === 0) {
        // Recovery twice is recovery once, and dying right after it changes nothing.
        await this.#crash()
        this.#store = await this.#start()
        await this.#checkAll(this.#store)
      }
      for (let step = 0; step < steps; step++) await this.#step(this.#store)
      await this.#end(this.#store)
    }
    await this.#checkAll(await this.#start())
  }

  async #start(): Promise<SegmentStore> {
    this.#process = new ProcessDisk(this.disk)
    return (await openStore(this.#process, this.#settings, this.#rules)).store
  }

  async #crash(): Promise<void> {
    this.#process?.die()
    this.#store = undefined // the dead tell nothing
    const seen = this.tears ? await imageOf(this.disk) : undefined
    this.disk.crash()
    if (seen !== undefined) this.disk = await tornDisk(await imageOf(this.disk), seen, this.#random)
  }

  async #end(store: SegmentStore): Promise<void> {
    if (this.#random.below(4) === 0) {
      await Promise.all(this.#pending)
      await store.close()
      await this.#crash()
      return
    }
    await turns(this.#random.below(60))
    await this.#crash()
    await Promise.all(this.#pending)
  }

  async #step(store: SegmentStore): Promise<void> {
    this.journalFilesMax = Math.max(this.journalFilesMax, store.stats().journalFiles)
    const draw = this.#random.below(100)
    const known = this.#pick()
    if (known === undefined || draw < 4) this.#create(store)
    else if (draw < 76) this.#append(store, known)
    else if (draw < 80) await this.#fence(store, known)
    else if (draw < 84) this.#seal(store, known)
    else if (draw < 86) this.#forget(store, known)
    else if (draw < 92) await turns(this.#random.below(40))
    else if (draw < 95) await Promise.all(this.#pending)
    else await this.#checkOne(store, known, false)
  }

  #pick(): Known | undefined {
    const live = [...this.#known.values()].filter((known) => !known.forgetAsked)
    return live[this.#random.below(Math.max(1, live.length))]
  }

  #create(store: SegmentStore): void {
    const id = segmentId(this.#segmentCount++, this.#random.below(3))
    const start = this.#random.below(1000)
    store.create(id, start, prelude)
    this.#known.set(id, {
      ...{ id, start, batches: [], acknowledged: 0, fenced: false, sealAsked: undefined, sealed: false },
      ...{ forgetAsked: false, forgotten: false, recoveredEnd: undefined },
    })
  }

  #append(store: SegmentStore, known: Known): void {
    if (known.fenced) return
    const big = this.#random.below(10) === 0
    const bytes = batchOf(this.#batchCount++, 1 + this.#random.below(3), this.#random.below(big ? 9000 : 400))
    const batch = { bytes, end: Number.NaN }
    known.batches.push(batch)
    const append = async (): Promise<void> => {
      const { endOffset } = await store.append(known.id, bytes)
      if (this.#store !== store) return
      batch.end = endOffset
      known.acknowledged = Math.max(known.acknowledged, known.batches.indexOf(batch) + 1)
      store.commit(known.id, endOffset)
    }
    this.#track(append())
  }

  async #fence(store: SegmentStore, known: Known): Promise<void> {
    known.fenced = true
    const answer = await store.fence(known.id).catch(() => undefined)
    if (answer?.kind !== 'end') return
    const last = known.batches[known.acknowledged - 1]
    if (known.sealAsked !== undefined) return
    expect(answer.offset).toBeGreaterThanOrEqual(last?.end ?? known.start)
    if (this.#random.below(3) === 0) await this.#truncate(store, known)
  }

  /** What follows is not promised any more, and never comes back. */
  async #truncate(store: SegmentStore, known: Known): Promise<void> {
    await Promise.all(this.#pending)
    const keep = this.#random.below(known.acknowledged + 1)
    const end = known.batches[keep - 1]?.end ?? known.start
    await store.truncate(known.id, end)
    known.batches = known.batches.slice(0, keep)
    known.acknowledged = keep
    known.recoveredEnd = end
  }

  #seal(store: SegmentStore, known: Known): void {
    known.fenced = true
    if (known.sealAsked !== undefined) return
    const wanted = this.#random.below(3) === 0 ? this.#random.below(known.acknowledged + 1) : known.acknowledged
    const end = wanted === 0 ? known.start : (known.batches[wanted - 1]?.end ?? known.start)
    if (known.recoveredEnd !== undefined && end > known.recoveredEnd) return
    known.sealAsked = end
    this.#track(
      store.seal(known.id, end).then(() => {
        if (this.#store !== store) return
        known.sealed = true
        if (end === known.start) known.forgotten = true
      }),
    )
  }

  #forget(store: SegmentStore, known: Known): void {
    known.fenced = known.forgetAsked = true
    this.#track(
      store.forget(known.id).then(() => {
        if (this.#store === store) known.forgotten = true
      }),
    )
  }

  /** A call that fails because the disk has died is no answer: its outcome is open. */
  #track(call: Promise<void>): void {
    const asked = this.#store
    const tracked = call
      .catch((error: unknown) => {
        const code = (error as { code?: string }).code ?? String(error)
        const expected = ['EG_STORE_FAILED', 'EG_STORE_CLOSED', 'EG_SEGMENT_SEALED', 'EG_SEGMENT_UNKNOWN']
        // A seal that can no longer read its file cannot prove that a batch ends there.
        if (this.#store !== asked) expected.push('EG_OFFSET_GAP')
        expect(expected).toContain(code)
      })
      .finally(() => this.#pending.delete(tracked))
    this.#pending.add(tracked)
  }

  async #checkAll(store: SegmentStore): Promise<void> {
    this.#pending.clear()
    expect(store.recovered.damage).toEqual([])
    for (const known of this.#known.values()) await this.#checkOne(store, known, true)
  }

  async #checkOne(store: SegmentStore, known: Known, restarted: boolean): Promise<void> {
    const status = store.status(known.id)
    if (known.forgotten) return expect(status).toBeUndefined()
    if (status === undefined) {
      const mayBeGone = known.forgetAsked || known.sealAsked === known.start || known.acknowledged === 0
      expect(mayBeGone, `${known.id} is gone`).toBe(true)
      if (restarted) known.forgotten = known.forgetAsked = known.fenced = true
      return
    }
    if (restarted) this.#checkRestarted(known, status.state, status.endOffset)
    const { parts, last } = await readAll(store, known.id, known.start)
    const whole = digest(known.batches.map(({ bytes }) => bytes))
    expect(whole.startsWith(digest(parts)), `${known.id} reads what was appended`).toBe(true)
    for (const [i, part] of parts.entries())
      expect(batchBaseOffset(part)).toBe(batchBaseOffset(known.batches[i]?.bytes ?? part))
    if (status.state === 'sealed') expect(last).toEqual({ kind: 'end', offset: status.endOffset, sealed: true })
    else if (!known.forgetAsked && known.sealAsked !== known.start) expect(last.kind).toBe('end')
  }

  #checkRestarted(known: Known, state: string, end: number): void {
    known.fenced = true
    const last = known.batches[known.acknowledged - 1]?.end ?? known.start
    if (known.sealed) expect(state).toBe('sealed')
    if (state === 'sealed') expect(end).toBe(known.sealAsked)
    else if (known.sealAsked === undefined) expect(end, known.id).toBeGreaterThanOrEqual(last)
    else expect(end).toBeGreaterThanOrEqual(Math.min(last, known.sealAsked))
    if (known.recoveredEnd !== undefined && known.sealAsked === undefined) expect(end).toBe(known.recoveredEnd)
    known.recoveredEnd = end
    // What was not acknowledged and is not there never comes back.
    known.batches = known.batches.filter(({ bytes }) => batchBaseOffset(bytes) < end || end === 0)
    for (const batch of known.batches) {
      const next = known.batches[known.batches.indexOf(batch) + 1]
      batch.end = next === undefined ? end : batchBaseOffset(next.bytes)
    }
    known.acknowledged = known.batches.length
    if (state !== 'sealed') known.sealAsked = undefined
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve()
}
