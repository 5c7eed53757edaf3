import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'

/** Builds one TypeScript file of this folder, workspace packages included, so that a child process can run it. */
export async function buildProgram(name: string): Promise<{ readonly file: string } & AsyncDisposable> {
  // Inside the package, so that the program finds lmdb and ws.
  const cache = fileURLToPath(new URL('../node_modules/.cache', import.meta.url))
  await mkdir(cache, { recursive: true })
  const directory = await mkdtemp(join(cache, 'program-'))
  await build({
    entry: [fileURLToPath(new URL(name, import.meta.url))],
    outDir: directory,
    format: ['esm'],
    outExtension: () => ({ js: '.mjs' }),
    config: false,
    silent: true,
    external: ['lmdb', 'ws'],
    noExternal: [/^@eastguard\//, /^#/],
    esbuildOptions: (options) => {
      options.conditions = ['eastguard-source', 'node']
    },
  })
  return {
    file: join(directory, basename(name).replace('.ts', '.mjs')),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  }
}
