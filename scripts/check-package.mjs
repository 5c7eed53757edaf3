// @ts-check
// Packs one public package and judges the tarball: publint, the types that a consumer resolves, and that nothing of
// the workspace leaked into it. Usage: node scripts/check-package.mjs <name>
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packPackage } from './pack-package.mjs'
import { publicPackages, root } from './workspace.mjs'

const name = process.argv[2]
const member = publicPackages().find(({ manifest }) => manifest.name === name)
if (member === undefined) throw new Error(`no public package is named ${name}`)

const work = mkdtempSync(join(tmpdir(), 'eastguard-check-'))
try {
  const tarball = packPackage(member, work)
  const packed = JSON.parse(execFileSync('tar', ['xzOf', tarball, 'package/package.json'], { encoding: 'utf8' }))
  const files = execFileSync('tar', ['tzf', tarball], { encoding: 'utf8' })
  const problems = [
    ...manifestProblems(packed),
    ...['package/README.md', 'package/LICENSE']
      .filter((file) => !files.split('\n').includes(file))
      .map((file) => `no ${file}`),
  ]
  tool('publint', ['run', tarball, '--strict'])
  // A package without an entry point (the command) has no types to resolve.
  if (packed.exports['.'] !== undefined) tool('attw', [tarball, '--profile', 'esm-only', '--no-emoji', '--no-color'])
  for (const problem of problems) console.error(`${name}: ${problem}`)
  if (problems.length > 0) process.exitCode = 1
} finally {
  rmSync(work, { recursive: true, force: true })
}

/** @param {any} packed @returns {string[]} */
function manifestProblems(packed) {
  const text = JSON.stringify(packed)
  return [
    ...['workspace:', 'catalog:', 'eastguard-source']
      .filter((leak) => text.includes(leak))
      .map((leak) => `leaks \`${leak}\``),
    ...['description', 'license', 'type', 'files', 'exports', 'engines']
      .filter((field) => packed[field] === undefined)
      .map((field) => `no \`${field}\``),
    ...(packed.exports['.'] !== undefined && packed.sideEffects !== false ? ['`sideEffects` is not false'] : []),
    ...(packed.license === 'Apache-2.0' ? [] : ['licence is not Apache-2.0']),
    ...(packed.publishConfig?.access === 'public' ? [] : ['`publishConfig.access` is not public']),
  ]
}

/** @param {string} command @param {string[]} args */
function tool(command, args) {
  try {
    execFileSync(join(root, 'node_modules', '.bin', command), args, { encoding: 'utf8', stdio: 'pipe' })
  } catch (cause) {
    const { stdout = '', stderr = '' } = /** @type {{ stdout?: string, stderr?: string }} */ (cause)
    console.error(`${command}:\n${stdout}${stderr}`)
    process.exitCode = 1
  }
}
