import { EastGuardError } from './error.ts'

// Cores compile without the DOM library and without Node's types; every runtime that we support has these two.
declare const TextEncoder: { new (): { encode(text: string): Uint8Array } }
declare const TextDecoder: {
  new (label: string, options: { fatal: boolean; ignoreBOM: boolean }): { decode(bytes: Uint8Array): string }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** @throws EG_MALFORMED (fix-call) when the bytes are not UTF-8 */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new EastGuardError({ code: 'EG_MALFORMED', remedy: 'fix-call', message: 'bytes are not valid UTF-8', cause })
  }
}
