import { EastGuardError, type Logger } from '@eastguard/kernel'
import { NodeClock, NodeDisk, systemRandom } from '@eastguard/node'
import { LmdbGroupStorage } from '@eastguard/node/lmdb'
import { WsNetwork } from '@eastguard/node/ws'
import { composeBroker } from './compose.ts'
import { startExitCode } from './exit-code.ts'
import { pinoLogger } from './pino-logger.ts'
import { PrometheusMeter } from './prometheus-meter.ts'
import { type LoadedSettings, loadSettings } from './settings/load.ts'
import { type BrokerSettings, type SettingKey, settingKeys, settingTable } from './settings/table.ts'
import { printHostPort } from './settings/units.ts'

/** What a process gives the broker that runs in it. */
export interface BrokerHost {
  readonly environment: { readonly [name: string]: string | undefined }
  readText(path: string): Promise<string>
  /** One line on standard output. */
  print(line: string): void
  /** Why the broker did not start, or cannot go on. */
  complain(error: unknown): void
  /** Calls back once, when the process is asked to stop. */
  onStop(stop: () => void): void
}

export interface BrokerFlags {
  /** Path of a YAML file; also from EASTGUARD_CONFIG. */
  readonly config?: string | undefined
  /** Print every setting with its source, and end. */
  readonly checkConfig?: boolean | undefined
  /** Settings by key, as the command line gave them. */
  readonly settings: { readonly [Key in SettingKey]?: unknown }
}

/**
 * A broker from its settings to its end: resolves with the process's exit code when it was asked to stop, or could not
 * start, or cannot go on.
 */
export async function runBroker(flags: BrokerFlags, host: BrokerHost): Promise<number> {
  try {
    const loaded = await readSettings(flags, host)
    if (flags.checkConfig === true) {
      for (const line of printSettings(loaded)) host.print(line)
      return 0
    }
    const logger = pinoLogger({ level: loaded.settings.logLevel, format: loaded.settings.logFormat })
    for (const name of loaded.unknownVariables) logger.warn('environment variable names no setting', { name })
    return await serve(loaded.settings, logger, host)
  } catch (error) {
    host.complain(error)
    return startExitCode(error)
  }
}

async function serve(settings: BrokerSettings, logger: Logger, host: BrokerHost): Promise<number> {
  const dataDir = settings.dataDir ?? '' // loadSettings refuses settings without one
  // From the first moment on: a signal during the start stops the broker as soon as it has started.
  const stopped = new Promise<undefined>((resolve) => host.onStop(() => resolve(undefined)))
  const metrics = new PrometheusMeter()
  const clock = new NodeClock()
  const broker = await composeBroker(settings, {
    clock,
    random: systemRandom(),
    network: new WsNetwork({ handshakeTimeoutMs: settings.helloTimeout }),
    disk: await NodeDisk.open({ root: dataDir }),
    openStorage: () =>
      LmdbGroupStorage.open({ path: `${dataDir}/meta`, mapBytes: settings.metadataBytesMax }, { clock }),
    logger,
    metrics,
  })
  host.print(`EastGuard broker ${broker.identity.brokerId} of cluster ${broker.identity.clusterId}`)
  host.print(`listening on ${printHostPort(broker.address)}, data in ${dataDir}`)
  const failure = await Promise.race([stopped, broker.failed])
  if (failure !== undefined) {
    // H52: after a failed write or sync nothing may be acknowledged any more, and nothing that is in memory is trusted.
    host.complain(failure)
    return 1
  }
  logger.info('stopping')
  await broker.close()
  return 0
}

async function readSettings(flags: BrokerFlags, host: BrokerHost): Promise<LoadedSettings> {
  const path = flags.config ?? host.environment.EASTGUARD_CONFIG
  const file = path === undefined ? undefined : { path, text: await readConfig(path, host) }
  const inputs = { flags: flags.settings, environment: host.environment }
  return loadSettings(file === undefined ? inputs : { ...inputs, file })
}

async function readConfig(path: string, host: BrokerHost): Promise<string> {
  try {
    return await host.readText(path)
  } catch (cause) {
    const message = `cannot read the settings file ${path}: ${describe(cause)}`
    throw new EastGuardError({ code: 'EG_SETTING_INVALID', remedy: 'fix-call', message, cause })
  }
}

function printSettings({ settings, sources }: LoadedSettings): readonly string[] {
  return settingKeys.map((key) => {
    const value = printValue(key, settings)
    return `${key}: ${value === '' ? '(none)' : value}  # ${sources[key]}`
  })
}

function printValue<Key extends SettingKey>(key: Key, settings: BrokerSettings): string {
  return settingTable[key].print(settings[key])
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
