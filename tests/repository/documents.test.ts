import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hostLines } from '../../scripts/check-lock-file.mjs'
import { publicPackages, workspaceMembers } from '../../scripts/workspace.mjs'
import { root } from './planted.ts'

const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** Files of the repository, relative to it; what is installed or built is not part of it. */
function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(
      (entry) => !['node_modules', 'dist', 'coverage', '.git', '.turbo', '.ci-out', '.eastguard'].includes(entry.name),
    )
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)]))
}

const files = filesBelow('.')
const pages = files.filter((path) => path.endsWith('.md'))

/** The anchor that a heading gets on the usual forges. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

function deadLinks(page: string): string[] {
  const text = read(page).replaceAll(/^```[\s\S]*?^```$/gm, '')
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '')
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [path = '', anchor] = target.split('#')
      const file = path === '' ? page : join(dirname(page), path)
      if (!existsSync(join(root, file))) return true
      const headings = [...(anchor === undefined ? '' : read(file)).matchAll(/^#+ (.+)$/gm)].map((match) =>
        anchorOf(match[1] ?? ''),
      )
      return anchor !== undefined && !headings.includes(anchor)
    })
}

describe('the documents', () => {
  it.each(pages)('every link of %s leads somewhere', (page) => {
    expect(deadLinks(page)).toEqual([])
  })

  it('README.md lists every public package', () => {
    for (const { folder, manifest } of publicPackages())
      expect(read('README.md')).toContain(`| [\`${manifest.name}\`](${folder})`)
  })

  it('ARCHITECTURE.md marks exactly the packages that do not exist as not built yet', () => {
    const rows = read('ARCHITECTURE.md').matchAll(/^\| `((?:packages|apps)\/[a-z-]+)`( \(not built yet\))? \|/gm)
    for (const [, folder = '', later] of rows)
      expect([folder, later === undefined]).toEqual([folder, existsSync(join(root, folder))])
  })
})

describe('the workspace', () => {
  const manifest = JSON.parse(read('package.json')) as { packageManager: string; scripts: Record<string, string> }
  const version = /^pnpm@([^+]+)\+sha512\.[0-9a-f]{128}$/.exec(manifest.packageManager)?.[1]

  it('names one version of pnpm everywhere', () => {
    const places = [
      read('package.json'),
      read('CONTRIBUTING.md'),
      ...files.filter((path) => path.startsWith('.github/')).map(read),
    ]
    const named = places.flatMap((text) => [...text.matchAll(/npx -y pnpm@([\d.]+)/g)].map((match) => match[1]))
    expect(new Set(named)).toEqual(new Set([version]))
  })

  it('gives every package the same licence, engine and version', () => {
    const members = workspaceMembers()
    for (const { folder, manifest: each } of members) {
      expect([folder, each.license, each.engines?.node]).toEqual([folder, 'Apache-2.0', '>=20.19'])
    }
    expect(new Set(members.map((member) => member.manifest.version))).toHaveProperty('size', 1)
  })

  it('sees a host in a lock file', () => {
    expect(hostLines('a: 1\nb: {tarball: x}\nc: https://registry.example/d')).toHaveLength(2)
  })
})
