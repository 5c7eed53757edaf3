import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packPackage } from '../../scripts/pack-package.mjs'
import { type Member, publicPackages, root } from '../../scripts/workspace.mjs'
import { RunningBroker } from './broker.ts'
import { ConsumerProject, closure, type Example, firstExample } from './consumer-project.ts'

interface Manifest {
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

const packages = publicPackages()
const byName = new Map(packages.map((member) => [member.manifest.name as string, member]))
const tarballs = new Map<Member, string>()
const timeoutMs = 180_000
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'eastguard-tarballs-'))
  for (const member of packages) tarballs.set(member, packPackage(member, folder))
}, timeoutMs)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What a page asks its reader to have beside the package: the optional peers and Node's types. */
function besides(tarball: string): string[] {
  const packed = JSON.parse(
    execFileSync('tar', ['xzOf', tarball, 'package/package.json'], { encoding: 'utf8' }),
  ) as Manifest
  const workspace = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
  const peers = Object.entries(packed.peerDependencies ?? {}).map(([name, range]) => `${name}@${range}`)
  return [...peers, `@types/node@${workspace.devDependencies?.['@types/node']}`]
}

const tarballsOf = (member: Member): string[] => closure(member, packages).map((each) => tarballs.get(each) ?? '')

function install(member: Member): Promise<ConsumerProject> {
  const needed = tarballsOf(member)
  return ConsumerProject.open(needed, besides(needed[0] ?? ''))
}

/** Every entry that the package exports to code: `@eastguard/kernel`, `@eastguard/kernel/testing`, … */
function entries({ manifest }: Member): string[] {
  return Object.keys(manifest.exports)
    .filter((path) => path !== './package.json')
    .map((path) => manifest.name + path.slice(1))
}

/** Type-checks and runs an example beside the packages that it names; where it wants a broker at the usual address, it gets one of its own. */
async function runExample(project: ConsumerProject, name: string, example: Example): Promise<void> {
  const named = packages.filter(({ manifest }) => new RegExp(`'${manifest.name}(/[a-z]+)?'`).test(example.text))
  await project.install(named.flatMap(tarballsOf))
  await project.typeCheck(name, example)
  if (!/\b(localhost|127\.0\.0\.1):2921\b/.test(example.text)) {
    await project.runExample(name, example.text)
    return
  }
  await using broker = await RunningBroker.start()
  await project.runExample(name, example.text.replaceAll(/\b(localhost|127\.0\.0\.1):2921\b/g, broker.address))
}

describe('a package, packed and installed in an empty project', () => {
  it.each([...byName])(
    '%s has types, loads by import and by require, and its README runs',
    async (name, member) => {
      await using project = await install(member)
      const imports = entries(member).map((entry) => `await import('${entry}')\n`)
      await project.run(process.execPath, ['--input-type=module', '-e', imports.join('')])
      const requires = entries(member).map((entry) => `require('${entry}')\n`)
      await project.run(process.execPath, ['--input-type=commonjs', '-e', requires.join('')])
      const text = entries(member).map((entry) => `export {} from '${entry}'\n`)
      await project.typeCheck('entries', { language: 'ts', text: text.join('') })
      for (const bin of Object.keys(member.manifest.bin ?? {})) {
        expect(await project.run(bin, ['--help'])).toContain('Usage')
      }
      if (name === 'eastguard') {
        expect(await project.run('eastguard', ['version'])).toContain(member.manifest.version)
        return
      }
      const example = firstExample(readFileSync(join(root, member.folder, 'README.md'), 'utf8'))
      expect(example.text).toContain(`'${name}`)
      await runExample(project, 'example', example)
    },
    timeoutMs,
  )

  it(
    'the example of the README at the root runs',
    async () => {
      const client = byName.get('@eastguard/client')
      if (client === undefined) throw new Error('there is no package @eastguard/client')
      await using project = await install(client)
      const example = firstExample(readFileSync(join(root, 'README.md'), 'utf8'))
      expect(example.text).toContain("'@eastguard/client'")
      await runExample(project, 'readme', example)
    },
    timeoutMs,
  )
})
