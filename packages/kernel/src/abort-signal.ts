/** The shape of the platform's AbortSignal, as far as EastGuard uses it; the platform's own fits. */
export interface AbortSignal {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}
