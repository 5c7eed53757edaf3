// `pnpm bench <name>` runs benchmarks/<name>.ts; without a name it lists them. The file is bundled with the workspace's
// packages from source (condition `eastguard-source`), everything else stays where it is installed.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** Workspace packages go into the bundle; other packages are found at run time, from beside the bundle. */
const installedStayOutside = {
  name: 'installed-stay-outside',
  setup(build) {
    build.onResolve({ filter: /^[^./#]/ }, ({ path, kind }) =>
      kind === 'entry-point' || path.startsWith('@eastguard/') || path === 'eastguard'
        ? undefined
        : { path, external: true },
    )
  },
}

const here = new URL('./', import.meta.url)
const name = process.argv[2]
const names = readdirSync(here)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length))

if (name === undefined) {
  for (const each of names) console.log(`${each.padEnd(16)} ${question(each)}`)
  console.log('\nRun one: pnpm bench <name>')
} else if (names.includes(name)) {
  process.exitCode = await run(name)
} else {
  console.error(`There is no benchmark "${name}". There are: ${names.join(', ')}`)
  process.exitCode = 2
}

/** The question that a benchmark answers: its line `export const question = '…'`. */
function question(of) {
  const source = readFileSync(new URL(`${of}.ts`, here), 'utf8')
  return /^export const question = '(.*)'$/m.exec(source)?.[1] ?? '(states no question)'
}

async function run(which) {
  const out = new URL(`node_modules/.cache/${which}.mjs`, here)
  mkdirSync(new URL('./', out), { recursive: true })
  await loadEsbuild().build({
    entryPoints: [fileURLToPath(new URL(`${which}.ts`, here))],
    outfile: fileURLToPath(out),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    conditions: ['eastguard-source', 'node'],
    plugins: [installedStayOutside],
    logLevel: 'warning',
  })
  const child = spawnSync(process.execPath, ['--enable-source-maps', fileURLToPath(out), ...process.argv.slice(3)], {
    stdio: 'inherit',
  })
  return child.status ?? 1
}

/** esbuild comes with tsup; asking tsup for it keeps one version of it in the workspace. */
function loadEsbuild() {
  return createRequire(createRequire(import.meta.url).resolve('tsup'))('esbuild')
}
