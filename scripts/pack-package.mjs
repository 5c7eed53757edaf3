// @ts-check
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './workspace.mjs'

/**
 * Packs one package as it would be published; it has to be built.
 * @param {import('./workspace.mjs').Member} member
 * @param {string} into folder for the tarball
 * @returns {string} path of the tarball
 */
export function packPackage(member, into) {
  const pnpm = join(root, 'node_modules', '.bin', 'pnpm')
  const answer = execFileSync(pnpm, ['pack', '--json', '--pack-destination', into], {
    cwd: join(root, member.folder),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return JSON.parse(answer.slice(answer.indexOf('{'))).filename
}
