import { encodeUtf8 } from '@eastguard/kernel'

// Base64 (RFC 4648, with padding) for keys and values that are no text.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const digitOf = new Map(Array.from(alphabet, (letter, digit) => [letter.charCodeAt(0), digit] as const))

export function encodeBase64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    // Bytes behind the end count as 0 and are covered by the padding.
    const word = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    const letters = [word >> 18, (word >> 12) & 63, (word >> 6) & 63, word & 63].map((digit) => alphabet[digit])
    const used = Math.min(bytes.length - at, 3) + 1
    text += letters.slice(0, used).join('').padEnd(4, '=')
  }
  return text
}

/** Undefined when it is no base64. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  const letters = encodeUtf8(text.replace(/=+$/, ''))
  const bytes = new Uint8Array(Math.floor((letters.length * 3) / 4))
  let word = 0
  let bits = 0
  let at = 0
  for (const letter of letters) {
    word = ((word << 6) | (digitOf.get(letter) ?? 0)) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[at++] = (word >> bits) & 0xff
  }
  return bytes
}
