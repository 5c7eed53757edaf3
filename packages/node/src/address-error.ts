import { type Address, EastGuardError } from '@eastguard/kernel'
import { systemWord } from './system-error.ts'

/** Why an address could not be bound: EG_ADDRESS_IN_USE where somebody has it, else EG_ADDRESS_UNAVAILABLE. */
export function asAddressError(at: Address, error: unknown): EastGuardError {
  const word = systemWord(error)
  const inUse = word === 'EADDRINUSE'
  return new EastGuardError({
    code: inUse ? 'EG_ADDRESS_IN_USE' : 'EG_ADDRESS_UNAVAILABLE',
    remedy: 'fix-call',
    message: `${at.host}:${at.port} ${inUse ? 'is in use' : `cannot be bound: ${word}`}`,
    facts: { host: at.host, port: at.port, system: word },
    cause: error,
  })
}
