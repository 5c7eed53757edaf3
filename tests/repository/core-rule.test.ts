import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { coreBreaches, isGoverned } from '../../scripts/check-cores.mjs'
import { plantCopies, plantedTree, root } from './planted.ts'

// Every name that a core may not touch, with a line that touches it. The linter runs once over all of them.
const planted: Readonly<Record<string, string>> = {
  Date: 'export const x = Date.now()',
  'new Date': 'export const x = new Date()',
  performance: 'export const x = performance.now()',
  'Math.random': 'export const x = Math.random()',
  'Math.random by name': "export const x = Math['random']()",
  'Math.random by destructuring': 'export const { random } = Math',
  crypto: 'export const x = crypto.randomUUID()',
  setTimeout: 'export const x = setTimeout(() => {}, 1)',
  setInterval: 'export const x = setInterval(() => {}, 1)',
  setImmediate: 'export const x = setImmediate(() => {})',
  clearTimeout: 'clearTimeout(undefined)\nexport {}',
  clearInterval: 'clearInterval(undefined)\nexport {}',
  clearImmediate: 'clearImmediate(undefined)\nexport {}',
  queueMicrotask: 'queueMicrotask(() => {})\nexport {}',
  'AbortSignal.timeout': 'export const x = AbortSignal.timeout(1)',
  AbortController: 'export const x = new AbortController()',
  fetch: "export const x = fetch('')",
  WebSocket: "export const x = new WebSocket('')",
  WeakRef: 'export const x = new WeakRef({})',
  FinalizationRegistry: 'export const x = new FinalizationRegistry(() => {})',
  localeCompare: "export const x = 'a'.localeCompare('b')",
  toLocaleString: 'export const x = (1).toLocaleString()',
  globalThis: 'export const x = globalThis',
  global: 'export const x = global',
  window: 'export const x = window',
  self: 'export const x = self',
  process: 'export const x = process.env',
  Buffer: 'export const x = Buffer.alloc(1)',
  console: "console.log('')\nexport {}",
  TextEncoder: 'export const x = new TextEncoder()',
  TextDecoder: 'export const x = new TextDecoder()',
  require: "export const x = require('x')",
  Worker: "export const x = new Worker('')",
  SharedArrayBuffer: 'export const x = new SharedArrayBuffer(1)',
  Atomics: 'export const x = Atomics',
  'node:fs': "export { readFileSync } from 'node:fs'",
  'fs without its scheme': "import { readFileSync } from 'fs'\nexport const x = readFileSync",
  'fs/promises': "import { readFile } from 'fs/promises'\nexport const x = readFile",
  'node:crypto by a dynamic import': "export const x = import('node:crypto')",
}
const names = Object.keys(planted)
const fileOf = (folder: string, name: string): string => `${folder}/planted-${names.indexOf(name)}.ts`
const treeIn = (folder: string): Record<string, string> =>
  Object.fromEntries(names.map((name) => [fileOf(folder, name), `${planted[name]}\n`]))

const restricted = /^eslint\(no-restricted-(globals|properties|imports)\)$/

/** Files in which the linter, with the repository's own settings, finds a banned name. */
function refusedFiles(folder: string): Set<string> {
  const done = spawnSync(join(root, 'node_modules/.bin/oxlint'), ['-f', 'json'], { cwd: folder, encoding: 'utf8' })
  const report = JSON.parse(done.stdout) as { diagnostics: { code: string; filename: string }[] }
  return new Set(report.diagnostics.filter(({ code }) => restricted.test(code)).map(({ filename }) => filename))
}

describe('the rule that keeps the world out of cores', () => {
  const cores = ['packages/kernel/src', 'packages/ds-rsm/contract', 'apps/broker/src', 'packages/swim/src/core']
  using tree = plantedTree(Object.assign({}, ...cores.map(treeIn)))
  plantCopies(tree.folder, ['.oxlintrc.json'])
  const refused = refusedFiles(tree.folder)

  it.each(names)('refuses %s', (name) => {
    for (const folder of cores) expect(refused).toContain(fileOf(folder, name))
  })

  it('leaves the adapters, the entry points and the tests alone', () => {
    const line = `${planted.Date}\n`
    const free = [
      'packages/node/src/clock.ts',
      'packages/kernel/src/crc32-node.ts',
      'packages/client/src/platform-browser.ts',
      'apps/cli/src/main.ts',
      'packages/kernel/test/clock.test.ts',
      'tests/end-to-end/kill.test.ts',
    ]
    using adapters = plantedTree(Object.fromEntries(free.map((path) => [path, line])))
    plantCopies(adapters.folder, ['.oxlintrc.json'])
    expect(refusedFiles(adapters.folder)).toEqual(new Set())
  })
})

describe('what the linter cannot see in a core', () => {
  const path = 'packages/raft/src/core/step.ts'
  it.each([
    ['a name that is declared anew', 'declare const setTimeout: (run: () => void, ms: number) => void'],
    ['a function that is declared anew', 'declare function fetch(url: string): Promise<unknown>'],
    ['a global scope that is opened', 'declare global { interface Array<T> { last: T } }'],
    ['a rule that is silenced', '// oxlint-disable-next-line no-restricted-globals\nexport const x = 1'],
    ['a type error that is silenced', '// @ts-expect-error\nexport const x: string = 1'],
    ['types that are asked for', '/// <reference types="node" />\nexport const x = 1'],
    ['an import of a computed name', "const name = 'node:fs'\nexport const x = import(name)"],
    ['an export of everything', "export * from './x.ts'"],
    ['a type of Node', 'export type Timer = NodeJS.Timeout'],
    ['a Buffer as a type', 'export function take(bytes: Buffer): void {}'],
  ])('%s is refused', (_what, text) => {
    expect(coreBreaches(path, text)).toHaveLength(1)
  })

  it('a brand and ordinary code pass', () => {
    expect(coreBreaches(path, 'declare const brand: unique symbol\nexport const x = import("./y.ts")')).toEqual([])
  })

  it('only cores are governed', () => {
    expect(isGoverned('packages/node/src/clock.ts')).toBe(false)
    expect(isGoverned('apps/broker/src/main.ts')).toBe(false)
    expect(isGoverned('packages/kernel/test/x.test.ts')).toBe(false)
    expect(isGoverned('apps/broker/src/main/router.ts')).toBe(true)
  })

  it('the libraries do not compile with a name of Node or of the DOM', () => {
    using tree = plantedTree({
      'packages/kernel/src/a.ts': 'export const a: unknown = Buffer',
      'packages/kernel/src/b.ts': 'export const b: unknown = document',
    })
    plantCopies(tree.folder, ['tsconfig.base.json', 'tsconfig.cores.json'])
    expect(() =>
      execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.cores.json'], {
        cwd: tree.folder,
        stdio: 'pipe',
      }),
    ).toThrow(/Command failed/)
  })
})
