import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { summarize } from '../../scripts/summary.mjs'
import { plantCopies, plantedTree } from './planted.ts'

const check = (name: string, passed: boolean) => ({ name, passed, ms: 1 })
const checks = (...results: { passed: boolean }[]) => JSON.stringify({ expected: results.length, results })
const file = (status: string, ...outcomes: string[]) => ({
  status,
  assertionResults: outcomes.map((status) => ({ status })),
})
const tests = (success: boolean, ...testResults: object[]) => JSON.stringify({ success, testResults })
const twoChecks = checks(check('format', true), check('lint', true))
const threeTests = tests(true, file('passed', 'passed', 'passed'), file('passed', 'passed', 'skipped'))
const good = { checks: 0, tests: 0 }

function summaryOf(reports: Readonly<Record<string, string>>, exitCodes: { checks: number; tests: number }) {
  using tree = plantedTree({ 'nothing.txt': '', ...reports })
  return summarize(tree.folder, exitCodes)
}

describe('the last line of .ci/run', () => {
  it('sums checks and tests; what was skipped is neither', () => {
    expect(summaryOf({ 'checks.json': twoChecks, 'tests.json': threeTests }, good)).toEqual({ passed: 5, failed: 0 })
  })

  it('counts a failed check and a failed test as one each', () => {
    const reports = {
      'checks.json': checks(check('format', true), check('lint', false)),
      'tests.json': tests(false, file('failed', 'passed', 'failed')),
    }
    expect(summaryOf(reports, { checks: 1, tests: 1 })).toEqual({ passed: 2, failed: 2 })
  })

  it('counts a test file that could not be loaded', () => {
    const reports = { 'checks.json': twoChecks, 'tests.json': tests(false, file('passed', 'passed'), file('failed')) }
    expect(summaryOf(reports, { checks: 0, tests: 1 })).toEqual({ passed: 3, failed: 1 })
  })

  it('counts a runner that left no report', () => {
    expect(summaryOf({ 'checks.json': twoChecks }, { checks: 0, tests: 1 })).toEqual({ passed: 2, failed: 1 })
    expect(summaryOf({}, { checks: 1, tests: 1 })).toEqual({ passed: 0, failed: 2 })
  })

  it('counts a runner that left half a report', () => {
    const reports = { 'checks.json': twoChecks, 'tests.json': threeTests.slice(0, 40) }
    expect(summaryOf(reports, { checks: 0, tests: 139 })).toEqual({ passed: 2, failed: 1 })
  })

  it('counts checks that were announced and never came', () => {
    const reports = {
      'checks.json': JSON.stringify({ expected: 5, results: [check('format', true)] }),
      'tests.json': threeTests,
    }
    expect(summaryOf(reports, good)).toEqual({ passed: 4, failed: 4 })
  })

  it('counts a runner that ended badly although every test passed', () => {
    expect(summaryOf({ 'checks.json': twoChecks, 'tests.json': threeTests }, { checks: 0, tests: 1 })).toEqual({
      passed: 5,
      failed: 1,
    })
  })

  it('counts an error outside of every test', () => {
    const reports = { 'checks.json': twoChecks, 'tests.json': tests(false, file('passed', 'passed')) }
    expect(summaryOf(reports, good)).toEqual({ passed: 3, failed: 1 })
  })

  it('never calls a run without tests good', () => {
    expect(summaryOf({ 'checks.json': twoChecks, 'tests.json': tests(true) }, good)).toEqual({ passed: 2, failed: 1 })
  })
})

// The script itself, with stand-ins for npx, npm and the checks on its PATH.
function ciRun(scripts: { readonly npx: string; readonly npm: string; readonly verify: string }) {
  using tree = plantedTree({
    'package.json': JSON.stringify({ packageManager: 'pnpm@10.0.0+sha512.0', type: 'module' }),
    'bin/npx': `#!/bin/sh\n${scripts.npx}\n`,
    'bin/npm': `#!/bin/sh\n${scripts.npm}\n`,
    'scripts/verify.mjs': scripts.verify,
    'good-checks.json': twoChecks,
    'good-tests.json': threeTests,
  })
  plantCopies(tree.folder, ['.ci/run', 'scripts/summary.mjs'])
  for (const name of ['npx', 'npm']) chmodSync(join(tree.folder, 'bin', name), 0o755)
  const env = { ...process.env, PATH: `${join(tree.folder, 'bin')}:${process.env.PATH}` }
  const done = spawnSync(join(tree.folder, '.ci/run'), { encoding: 'utf8', env, timeout: 20_000 })
  return { lastLine: done.stdout.trimEnd().split('\n').at(-1), code: done.status }
}

const goodVerify = "import { copyFileSync } from 'node:fs'\ncopyFileSync('good-checks.json', '.ci-out/checks.json')\n"
const goodTests = 'cp good-tests.json .ci-out/tests.json'

describe('.ci/run', () => {
  it('ends well when everything did', () => {
    expect(ciRun({ npx: 'exit 0', npm: goodTests, verify: goodVerify })).toEqual({
      lastLine: '5 passed, 0 failed',
      code: 0,
    })
  })

  it('says so when nothing could be installed', () => {
    expect(ciRun({ npx: 'exit 1', npm: 'exit 0', verify: '' })).toEqual({ lastLine: '0 passed, 2 failed', code: 1 })
  })

  it('says so when the runner of the tests crashes', () => {
    expect(ciRun({ npx: 'exit 0', npm: 'kill -9 $$', verify: goodVerify })).toEqual({
      lastLine: '2 passed, 1 failed',
      code: 1,
    })
  })

  it('says so when a check fails, and still runs the tests', () => {
    const verify = goodVerify.replace('import { copyFileSync }', 'process.exitCode = 1\nimport { copyFileSync }')
    expect(ciRun({ npx: 'exit 0', npm: goodTests, verify })).toEqual({ lastLine: '5 passed, 1 failed', code: 1 })
  })

  it('says so when it is told to stop', () => {
    const npm = 'kill -TERM $PPID\nexec sleep 20'
    expect(ciRun({ npx: 'exit 0', npm, verify: goodVerify })).toEqual({ lastLine: '2 passed, 1 failed', code: 1 })
  })
})
