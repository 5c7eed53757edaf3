import { existsSync, readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

// Tests run from source: the condition `eastguard-source` leads every workspace import to `src`, without a build.
const conditions = ['eastguard-source', 'module', 'node', 'development|production']

const projects = ['packages', 'apps', 'tests']
  .filter((group) => existsSync(new URL(group, import.meta.url)))
  .flatMap((group) =>
    readdirSync(new URL(group, import.meta.url)).map((name) => ({
      extends: true as const,
      root: `${group}/${name}`,
      test: { name, include: [group === 'tests' ? '**/*.test.ts' : 'test/**/*.test.ts'] },
    })),
  )

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  // Bounds of liveness, not of speed: two cores are shared with brokers, installs and fsync.
  test: { projects, testTimeout: 30_000, hookTimeout: 60_000 },
})
