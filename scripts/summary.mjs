// @ts-check
// Says in one line, the last of .ci/run, how many checks and tests passed and failed.
// Usage: node scripts/summary.mjs <folder with checks.json and tests.json> <exit code of the checks> <of the tests>
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @typedef {{ passed: number, failed: number }} Count */

/**
 * A missing or unreadable report counts as one failure, and so does a runner that ended badly although its report
 * shows none, or that never came to a check that it had announced.
 * @param {string} folder
 * @param {{ checks: number, tests: number }} exitCodes of the two runners; anything but 0 is bad
 * @returns {Count}
 */
export function summarize(folder, exitCodes) {
  const checks = atLeastOneFailure(countChecks(readReport(folder, 'checks.json')), exitCodes.checks)
  const tests = atLeastOneFailure(countTests(readReport(folder, 'tests.json')), exitCodes.tests)
  return { passed: checks.passed + tests.passed, failed: checks.failed + tests.failed }
}

/** @param {any} report of scripts/verify.mjs @returns {Count | undefined} */
function countChecks(report) {
  if (!Array.isArray(report?.results)) return undefined
  const passed = report.results.filter((/** @type {any} */ row) => row.passed === true).length
  return { passed, failed: Math.max(report.results.length, Number(report.expected) || 0) - passed }
}

/**
 * @param {any} report of vitest's JSON reporter
 * @returns {Count | undefined}
 */
function countTests(report) {
  if (!Array.isArray(report?.testResults)) return undefined
  let passed = 0
  let failed = 0
  for (const file of report.testResults) {
    const outcomes = (file.assertionResults ?? []).map((/** @type {any} */ test) => test.status)
    passed += outcomes.filter((/** @type {string} */ outcome) => outcome === 'passed').length
    const failures = outcomes.filter((/** @type {string} */ outcome) => outcome === 'failed').length
    // A file that could not be loaded has failed without having run a test.
    failed += failures === 0 && file.status !== 'passed' ? 1 : failures
  }
  if (passed + failed === 0 || (report.success !== true && failed === 0)) failed += 1
  return { passed, failed }
}

/** @param {Count | undefined} count @param {number} exitCode @returns {Count} */
function atLeastOneFailure(count, exitCode) {
  if (count === undefined) return { passed: 0, failed: 1 }
  return exitCode !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count
}

/** @param {string} folder @param {string} name @returns {any} */
function readReport(folder, name) {
  const path = join(folder, name)
  if (!existsSync(path)) return undefined
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    // Half a report is what a crashed runner leaves; it counts like none.
    return undefined
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder = '.ci-out', checks = '1', tests = '1'] = process.argv.slice(2)
  const { passed, failed } = summarize(folder, { checks: Number(checks), tests: Number(tests) })
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}
