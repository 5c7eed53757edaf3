import { platformComponents } from '#platform'
import type { Components } from './components.ts'
import { type ConnectOptions, EastGuard } from './east-guard.ts'
import type { ClientSettings } from './settings.ts'

/**
 * Connects with what the platform has: sockets, clock, codecs.
 * @throws EG_UNREACHABLE (retry) when no seed answers in time, EG_WRONG_CLUSTER, EG_INVALID_ARGUMENT, …
 */
export function connect(settings: ClientSettings & ConnectOptions): Promise<EastGuard> {
  return EastGuard.open(settings, platformComponents())
}

/** The same client over the given ports: for simulations, and for those who embed it. */
export function connectWith(settings: ClientSettings & ConnectOptions, components: Components): Promise<EastGuard> {
  return EastGuard.open(settings, components)
}
