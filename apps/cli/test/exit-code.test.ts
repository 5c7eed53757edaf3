import { EastGuardError } from '@eastguard/kernel'
import { errorCodes } from '@eastguard/protocol'
import { describe, expect, it } from 'vitest'
import { CommandFailure, exitCode, exitCodeOf, exitCodeOfError } from '../src/exit-code.ts'

const failing = (code: string): EastGuardError => new EastGuardError({ code, remedy: 'give-up', message: code })

describe('exit codes', () => {
  it('are these numbers, for ever', () => {
    expect(exitCode).toEqual({
      done: 0,
      failed: 1,
      usage: 2,
      notFound: 3,
      conflict: 4,
      notAllowed: 5,
      unreachable: 6,
      partlyDone: 7,
      needsYes: 8,
      unhealthy: 10,
      interrupted: 130,
    })
  })

  it('exist for every error code of the project, and for no other', () => {
    expect(Object.keys(exitCodeOfError).toSorted()).toEqual([...errorCodes].toSorted())
  })

  it.each(errorCodes)('%s never ends with 0, 7, 8 or 10, which are no errors of a call', (code) => {
    expect([0, 7, 8, 10]).not.toContain(exitCodeOf(failing(code)))
  })

  it('of what nobody knows are 1', () => {
    expect(exitCodeOf(failing('EG_FROM_THE_FUTURE'))).toBe(1)
    expect(exitCodeOf(failing('constructor'))).toBe(1)
    expect(exitCodeOf(new TypeError('a bug'))).toBe(1)
    expect(exitCodeOf('a string')).toBe(1)
  })

  it('of an outcome with a number of its own are that number', () => {
    expect(exitCodeOf(new CommandFailure(exitCode.partlyDone, 'half', { cause: failing('EG_TIMEOUT') }))).toBe(7)
  })
})
