import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    testing: 'src/testing.ts',
    contract: 'contract/index.ts',
    'crc32-node': 'src/crc32-node.ts',
    'crc32-table': 'src/crc32-table.ts',
  },
  format: ['esm'],
  target: 'node20',
  dts: false,
  sourcemap: true,
  clean: true,
  treeshake: true,
  external: ['#crc32'],
})
