// @ts-check
// What lies in the workspace, read from the disk: the checks work on what is there.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository, without a slash at its end. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[/\\]$/, '')

/**
 * @typedef {object} Member
 * @property {string} folder relative to the root, `packages/kernel`
 * @property {string} short name of its folder, `kernel`
 * @property {any} manifest its package.json
 */

/** @returns {Member[]} libraries first, then apps, each by name */
export function workspaceMembers() {
  return ['packages', 'apps'].flatMap((group) =>
    readdirSync(join(root, group))
      .toSorted()
      .filter((short) => existsSync(join(root, group, short, 'package.json')))
      .map((short) => {
        const folder = `${group}/${short}`
        return { folder, short, manifest: JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) }
      }),
  )
}

/** @returns {Member[]} what `changeset publish` would publish */
export function publicPackages() {
  return workspaceMembers().filter((member) => member.manifest.private !== true)
}

/** @param {string} folder relative to the root @returns {string[]} its TypeScript files, relative to the root, with `/` */
export function sourceFiles(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !path.includes('/node_modules/') && !path.includes('/dist/'))
    .toSorted()
}
