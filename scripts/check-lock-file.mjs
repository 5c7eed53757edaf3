// @ts-check
// The lock file must install from whatever registry its reader uses, so it names none.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './workspace.mjs'

/** @param {string} text @returns {string[]} the lines that name a host, with their numbers */
export function hostLines(text) {
  return text
    .split('\n')
    .flatMap((line, at) => (/https?:\/\/|\btarball:/i.test(line) ? [`${at + 1}: ${line.trim()}`] : []))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = hostLines(readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8'))
  for (const line of found) console.error(`pnpm-lock.yaml:${line}`)
  process.exitCode = found.length > 0 ? 1 : 0
}
