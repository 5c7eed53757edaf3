/** The same bytes as what EastGuard hands around: a Buffer's `slice` is a view, a Uint8Array's is a copy. */
export function plainBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}
