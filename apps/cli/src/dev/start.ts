import { EastGuardError, isEastGuardError, sleep } from '@eastguard/kernel'
import type { DescribeBrokerAnswer } from '@eastguard/protocol'
import type { CliHost, ProcessIdentity } from '../cli-host.ts'
import { type DevBroker, devFolder, writeDevBroker } from './state.ts'

const firstPort = 2921
const readyTimeoutMs = 30_000
const pollMs = 50
/** Somebody else may take a port between our look and the broker's: then the next one. */
const attemptCountMax = 5

/** Starts a broker in the background and waits until it serves. @param last what ran before, whose port is preferred */
export async function startDevBroker(
  host: CliHost,
  options: { readonly ephemeral: boolean; readonly last: DevBroker | undefined },
): Promise<DevBroker> {
  const { ephemeral, last } = options
  const folder = host.files.absolute(devFolder)
  await host.files.makeDirectory(folder)
  const dataDir = ephemeral ? await host.files.makeTemporaryDirectory('eastguard-dev-') : `${folder}/broker-1`
  const logFile = `${folder}/broker-1.log`
  let port = ephemeral ? 0 : (last?.port ?? 0)
  for (let attempt = 1; ; attempt++) {
    port = await host.processes.freePort(port === 0 ? firstPort : port)
    const started = await start(host, { dataDir, port, logFile })
    const broker: DevBroker = { id: null, process: started, dataDir, port, ephemeral, logFile }
    await writeDevBroker(host, broker)
    try {
      const { brokerId } = await untilReady(host, broker, started)
      const ready = { ...broker, id: brokerId }
      await writeDevBroker(host, ready)
      return ready
    } catch (error) {
      await host.processes.signal(started, 'SIGKILL')
      await writeDevBroker(host, ephemeral ? undefined : { ...broker, process: null })
      const taken = (await host.processes.freePort(port)) !== port
      if (taken && attempt < attemptCountMax && !host.interruption().aborted) continue
      if (ephemeral) await host.files.removeTree(dataDir)
      throw error
    }
  }
}

async function start(
  host: CliHost,
  { dataDir, port, logFile }: { readonly dataDir: string; readonly port: number; readonly logFile: string },
): Promise<ProcessIdentity> {
  const born = (await host.files.readText(`${dataDir}/broker.json`)) !== undefined
  await host.files.makeDirectory(dataDir)
  await host.files.writeText(logFile, '')
  const flags = ['--data-dir', dataDir, '--listen', `127.0.0.1:${port}`, ...(born ? [] : ['--bootstrap'])]
  return host.processes.startSelf(['start', ...flags], logFile)
}

/** @throws EG_UNREACHABLE (retry) with the end of the log when the process ends first, EG_TIMEOUT (retry) */
async function untilReady(host: CliHost, broker: DevBroker, started: ProcessIdentity): Promise<DescribeBrokerAnswer> {
  const deadline = host.clock.now() + readyTimeoutMs
  while (host.clock.now() < deadline) {
    await sleep(host.clock, pollMs, host.interruption())
    const now = await host.processes.identify(started.pid)
    if (now?.startedAt !== started.startedAt) throw await endedEarly(host, broker)
    const answer = await describe(host, broker.port)
    // Another program's broker may sit on the port; ours then is about to end.
    if (answer?.healthy === true && host.files.absolute(answer.dataDir) === broker.dataDir) return answer
  }
  throw new EastGuardError({
    code: 'EG_TIMEOUT',
    remedy: 'retry',
    message: `the broker does not serve after ${readyTimeoutMs} ms; its log is ${broker.logFile}`,
    facts: { delayMs: readyTimeoutMs, logFile: broker.logFile },
  })
}

async function describe(host: CliHost, port: number): Promise<DescribeBrokerAnswer | undefined> {
  const { connect } = await import('@eastguard/client')
  try {
    const eg = await connect({ seeds: [`127.0.0.1:${port}`], connectTimeoutMs: 1_000, callTimeoutMs: 1_000 })
    try {
      return await eg.admin.broker.describe()
    } finally {
      await eg.close()
    }
  } catch (error) {
    if (isEastGuardError(error)) return undefined // not yet
    throw error
  }
}

async function endedEarly(host: CliHost, { logFile, dataDir }: DevBroker): Promise<EastGuardError> {
  const log = ((await host.files.readText(logFile)) ?? '').trim().split('\n').slice(-5).join('\n')
  return new EastGuardError({
    code: 'EG_UNREACHABLE',
    remedy: 'retry',
    message: `the broker on ${dataDir} ended before it served; the end of ${logFile}:\n${log}`,
    facts: { logFile, dataDir },
  })
}
