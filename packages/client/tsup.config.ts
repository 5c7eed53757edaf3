import { defineConfig } from 'tsup'

export default defineConfig({
  entry: { index: 'src/index.ts', 'platform-node': 'src/platform-node.ts' },
  format: ['esm'],
  target: 'node20',
  dts: false,
  sourcemap: true,
  clean: true,
  treeshake: true,
  external: ['#platform'],
})
