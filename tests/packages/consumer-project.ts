import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import ts from 'typescript'
import { type Member, root } from '../../scripts/workspace.mjs'

const execute = promisify(execFile)

/** What a user has: nothing of this workspace, and no setting of the test runner. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(NODE_|VITEST|EASTGUARD_|INIT_CWD|TEST$|CI$)/.test(name)),
)

const compilerOptions = {
  noEmit: true,
  target: 'ES2022',
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  skipLibCheck: false,
  types: ['node'],
}

/** TypeScript as strict as it gets; JavaScript as an editor checks it. */
const languageOptions = {
  ts: { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
  js: { strict: false, allowJs: true, checkJs: true },
}

export interface Example {
  readonly language: 'js' | 'ts'
  readonly text: string
}

/** An empty npm project of somebody else, with one package and what it needs installed from tarballs. */
export class ConsumerProject implements AsyncDisposable {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * @param tarballs of the package and of the workspace packages below it, nothing else: what it fails to declare is missing
   * @param others from the registry, `name@version`: optional peers
   */
  static async open(tarballs: readonly string[], others: readonly string[]): Promise<ConsumerProject> {
    const folder = await mkdtemp(join(tmpdir(), 'eastguard-consumer-'))
    const project = new ConsumerProject(folder)
    await mkdir(join(folder, 'work'))
    await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
    await project.install([...tarballs, ...others])
    return project
  }

  /** @param what tarballs, or `name@version` from the registry */
  async install(what: readonly string[]): Promise<void> {
    const flags = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--prefer-offline']
    await this.run('npm', ['install', ...flags, '--loglevel=error', ...what])
  }

  /**
   * Runs a command among the project's files; its temporary files go there too.
   * @returns its standard output
   */
  async run(command: string, args: readonly string[], cwd: string = this.#folder): Promise<string> {
    const path = `${join(this.#folder, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`
    try {
      const done = await execute(command, [...args], { cwd, env: { ...environment, PATH: path }, timeout: 120_000 })
      return done.stdout
    } catch (cause) {
      const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string }
      throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause })
    }
  }

  /** Type-checks the text and the declarations of everything that it reaches. */
  async typeCheck(name: string, { language, text }: Example): Promise<void> {
    const file = `${name}.${language}`
    await writeFile(join(this.#folder, file), text)
    const options = { ...compilerOptions, ...languageOptions[language] }
    await writeFile(join(this.#folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: [file] }))
    await this.run(join(root, 'node_modules/.bin/tsc'), ['-p', '.'])
  }

  /** Strips the types and runs the text in an empty folder. */
  async runExample(name: string, text: string): Promise<string> {
    const target = ts.ScriptTarget.ES2022
    const { outputText } = ts.transpileModule(text, { compilerOptions: { target, module: ts.ModuleKind.ESNext } })
    await writeFile(join(this.#folder, `${name}.mjs`), outputText)
    return this.run(process.execPath, ['--unhandled-rejections=strict', `../${name}.mjs`], join(this.#folder, 'work'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** The package and every workspace package that npm would install with it. */
export function closure(member: Member, all: readonly Member[]): Member[] {
  const found = [member]
  for (const each of found) {
    for (const name of Object.keys(each.manifest.dependencies ?? {})) {
      const next = all.find((other) => other.manifest.name === name)
      if (next !== undefined && !found.includes(next)) found.push(next)
    }
  }
  return found
}

/** The first running example of a page: its first block marked `js` or `ts`. */
export function firstExample(markdown: string): Example {
  const [, language, text] = /^```(js|ts)\n([\s\S]*?)^```$/m.exec(markdown) ?? []
  if ((language !== 'js' && language !== 'ts') || text === undefined)
    throw new Error('the page has no block of js or ts')
  return { language, text }
}
