import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Runs with a fresh directory that is gone afterwards. */
export async function withDirectory(run: (root: string) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'eastguard-node-'))
  try {
    await run(root)
  } finally {
    await rm(root, { recursive: true })
  }
}
