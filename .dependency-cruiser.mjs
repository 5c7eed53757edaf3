import { readFileSync } from 'node:fs'
import { arrowRules, readTable } from './scripts/dependency-arrows.mjs'
import { workspaceMembers } from './scripts/workspace.mjs'

const table = readTable(readFileSync(new URL('ARCHITECTURE.md', import.meta.url), 'utf8'))
const present = workspaceMembers().map((member) => member.folder)
/** Where the world comes in. */
const adapters =
  '^packages/(node/src|kernel/src/crc32-node[.]ts|client/src/platform-browser[.]ts)|^apps/[^/]+/src/main[.]ts'

export default {
  forbidden: [
    ...arrowRules(table, present),
    { name: 'no cycle', severity: 'error', from: { pathNot: '/test/' }, to: { circular: true } },
    { name: 'every import leads somewhere', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'Node, ws and lmdb are behind the ports',
      severity: 'error',
      from: { path: '^(packages|apps)/[^/]+/(src|contract)/', pathNot: adapters },
      to: { path: '(^|/)node_modules/(ws|lmdb)/' },
    },
    {
      name: 'Node is behind the ports',
      severity: 'error',
      from: { path: '^(packages|apps)/[^/]+/(src|contract)/', pathNot: adapters },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'what is published depends on what it declares',
      severity: 'error',
      from: { path: '^(packages|apps)/[^/]+/(src|contract)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['npm-peer'] },
    },
  ],
  options: {
    exclude: { path: '(^|/)(dist|coverage)/' },
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      conditionNames: ['eastguard-source', 'import', 'node', 'types', 'default'],
      exportsFields: ['exports'],
    },
  },
}
