import type { CliHost } from '../cli-host.ts'
import type { DevStatusJson } from '../json-schema.ts'
import { printTable } from '../text/table.ts'
import { type DevBroker, runningProcess } from './state.ts'

type DevBrokerJson = DevStatusJson['brokers'][number]

export async function devStatusJson(host: CliHost, broker: DevBroker | undefined): Promise<DevStatusJson> {
  if (broker === undefined) return { brokers: [] }
  const running = await runningProcess(host, broker)
  return {
    brokers: [
      {
        id: broker.id,
        pid: running?.pid ?? null,
        dataDir: broker.dataDir,
        ports: { client: broker.port },
        rack: null,
        state: stateOf(broker, running !== undefined),
        ephemeral: broker.ephemeral,
        logFile: broker.logFile,
      },
    ],
  }
}

function stateOf(broker: DevBroker, running: boolean): DevBrokerJson['state'] {
  if (running) return broker.id === null ? 'starting' : 'running'
  return broker.process === null ? 'stopped' : 'crashed'
}

export async function devStatusTable(
  host: CliHost,
  { brokers }: DevStatusJson,
  options: { readonly color: boolean },
): Promise<string> {
  if (brokers.length === 0) return 'nothing was started here; eastguard dev up does\n'
  return printTable(
    host,
    [{ title: 'BROKER' }, { title: 'STATE' }, { title: 'PID', align: 'right' }, { title: 'SERVER' }, { title: 'DATA' }],
    brokers.map(({ id, state, pid, ports, dataDir, ephemeral }) => [
      id ?? '-',
      state,
      pid === null ? '-' : String(pid),
      `localhost:${ports.client}`,
      ephemeral ? `${dataDir} (ephemeral)` : dataDir,
    ]),
    options,
  )
}
