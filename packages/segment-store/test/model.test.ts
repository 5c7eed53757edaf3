import { describe, expect, it } from 'vitest'
import { ModelRun } from './model.ts'

const seeds = Array.from({ length: Number(process.env['EASTGUARD_SEEDS'] ?? 40) }, (_, i) => i)

describe('a store under random calls and power failures', () => {
  it.each(seeds)('keeps what it promised: seed %i', async (seed) => {
    const run = new ModelRun(seed)
    run.tears = seed % 2 === 1
    await run.run(5, 120)
    expect(run.journalFilesMax).toBeLessThanOrEqual(10)
  })
})
