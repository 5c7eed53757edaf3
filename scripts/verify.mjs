// @ts-check
// `pnpm verify`: every check, each to its end, whatever the others say. With `--no-tests` all but the tests.
// Writes .ci-out/checks.json, one row per check, for scripts/summary.mjs.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publicPackages, root } from './workspace.mjs'

/** @typedef {{ name: string, command: string, args: string[] }} Check */

/** @type {Check[]} */
const checks = [
  check('format', 'biome ci --error-on-warnings --colors=off .'),
  check('lint', 'oxlint --type-aware --deny-warnings --format=unix'),
  check('cores keep to their ports', 'node scripts/check-cores.mjs'),
  check('dependency arrows', `depcruise --config .dependency-cruiser.mjs ${cruised().join(' ')}`),
  check('types of the whole tree', 'tsc -p .'),
  check('types of the libraries without Node and without the DOM', 'tsc -p tsconfig.cores.json'),
  check('build, with isolated declarations', 'pnpm run build'),
  check('unused code', 'knip --no-progress'),
  check('lock file names no host', 'node scripts/check-lock-file.mjs'),
  ...publicPackages().map(({ manifest }) =>
    check(`exports of ${manifest.name}`, `node scripts/check-package.mjs ${manifest.name}`),
  ),
]
if (!process.argv.includes('--no-tests')) checks.push(check('tests', 'pnpm run test:all'))

/** @param {string} name @param {string} line @returns {Check} */
function check(name, line) {
  const [command = '', ...args] = line.split(' ')
  return { name, command, args }
}

function cruised() {
  return ['packages', 'apps', 'tests', 'benchmarks', 'examples'].filter((folder) => existsSync(join(root, folder)))
}

/** @param {Check} given @returns {{ name: string, passed: boolean, ms: number }} */
function run({ name, command, args }) {
  const start = performance.now()
  const path = `${join(root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`
  const done = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, PATH: path, NO_COLOR: '1' },
  })
  const ms = Math.round(performance.now() - start)
  const passed = done.status === 0
  console.log(`${passed ? '✓' : '✗'} ${name} (${(ms / 1000).toFixed(1)} s)`)
  if (!passed) console.log([done.error?.message, done.stdout, done.stderr].filter(Boolean).join('\n').trimEnd())
  return { name, passed, ms }
}

const results = checks.map(run)
mkdirSync(join(root, '.ci-out'), { recursive: true })
writeFileSync(
  join(root, '.ci-out', 'checks.json'),
  `${JSON.stringify({ expected: checks.length, results }, null, 2)}\n`,
)
const failed = results.filter((result) => !result.passed)
console.log(`${results.length - failed.length} of ${results.length} checks passed`)
process.exitCode = failed.length > 0 ? 1 : 0
