import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser'
import { describe, expect, it } from 'vitest'
import { arrowRules, readTable } from '../../scripts/dependency-arrows.mjs'
import { workspaceMembers } from '../../scripts/workspace.mjs'
import { plantedTree, root } from './planted.ts'

const table = readTable(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8'))

const empty = 'export const x = 1\n'

/** Names of the rules that the planted files break. */
async function brokenRules(files: Readonly<Record<string, string>>): Promise<string[]> {
  using tree = plantedTree({ 'packages/kernel/src/z.ts': empty, 'apps/cli/src/z.ts': empty, ...files })
  const options = { baseDir: tree.folder, validate: true, tsPreCompilationDeps: true } satisfies ICruiseOptions
  const forbidden = arrowRules(table, [])
  const result = await cruise(['packages', 'apps'], { ...options, ruleSet: { forbidden } }, undefined, {})
  return (result.output as ICruiseResult).summary.violations.map((violation) => violation.rule.name)
}

describe('the arrows between packages', () => {
  it('the table knows every package that exists', () => {
    expect(() =>
      arrowRules(
        table,
        workspaceMembers().map((member) => member.folder),
      ),
    ).not.toThrow()
  })

  it('a package that the table does not know is an error', () => {
    expect(() => arrowRules(table, ['packages/surprise'])).toThrow(/packages\/surprise is not in the table/)
  })

  it('an arrow to a name that the table does not know is an error', () => {
    expect(() => arrowRules([{ folder: 'packages/kernel', imports: ['surprise'] }], [])).toThrow(
      /may import `surprise`/,
    )
  })

  it('an arrow of the table passes', async () => {
    const files = {
      'packages/record/src/a.ts': "export { x } from '../../kernel/src/b.ts'\n",
      'packages/kernel/src/b.ts': empty,
      'packages/record/test/a.test.ts': "export { x } from '../../node/src/c.ts'\n",
      'packages/node/src/c.ts': empty,
    }
    expect(await brokenRules(files)).toEqual([])
  })

  it.each([
    ['packages/kernel/src/a.ts', 'packages/record/src/b.ts'],
    ['packages/record/src/a.ts', 'packages/node/src/b.ts'],
    ['packages/segment-store/src/a.ts', 'packages/protocol/src/b.ts'],
    ['packages/client/src/a.ts', 'packages/segment-store/src/b.ts'],
    ['packages/client/test/a.test.ts', 'packages/ds-rsm/src/b.ts'],
    ['packages/ds-rsm/contract/a.ts', 'packages/segment-store/src/b.ts'],
    ['apps/broker/src/a.ts', 'apps/cli/src/b.ts'],
    ['packages/protocol/src/a.ts', 'tests/end-to-end/b.ts'],
  ])('%s may not import %s', async (from, to) => {
    const line = `export { x } from '../../../${to}'\n`
    expect(await brokenRules({ [from]: line, [to]: empty })).toHaveLength(1)
  })

  it('an import of a type alone is an arrow too', async () => {
    const files = {
      'packages/kernel/src/a.ts': "import type { X } from '../../record/src/b.ts'\nexport type Y = X\n",
      'packages/record/src/b.ts': 'export type X = 1\n',
    }
    expect(await brokenRules(files)).toEqual(['kernel imports only what the table allows'])
  })
})

describe('the table of packages', () => {
  const page = (row: string): string => `# x\n\n| package | one sentence | may import |\n|---|---|---|\n${row}\n\ntext`
  it('is read by backquotes', () => {
    const rows = readTable(
      page(
        '| `packages/a` (later) | uses `z` | nothing |\n| `packages/b` | b | `a` |\n| `apps/c` | c | all packages |',
      ),
    )
    expect(rows).toEqual([
      { folder: 'packages/a', imports: [] },
      { folder: 'packages/b', imports: ['a'] },
      { folder: 'apps/c', imports: ['a', 'b'] },
    ])
  })

  it.each(['| packages/a | a | nothing |', '| `packages/a` | a | kernel |', '| `packages/a` | a | |'])(
    'refuses the row %s',
    (row) => {
      expect(() => readTable(page(row))).toThrow(/no package|cannot read/)
    },
  )

  it('must be there', () => {
    expect(() => readTable('# nothing')).toThrow(/no table/)
  })
})
