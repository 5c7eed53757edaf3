import type { CommandContext } from '../context.ts'
import { withClient } from '../context.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import type { StatusJson } from '../json-schema.ts'
import { writeJsonLine } from '../output/json-line.ts'
import { printTableTime } from '../text/iso-time.ts'
import { printPairs } from '../text/table.ts'
import { printCount, printDuration, printSize } from '../text/units.ts'

export async function run(context: CommandContext): Promise<ExitCode> {
  const { host, globals } = context
  const status: StatusJson = await withClient(context, async (eg) => {
    const told = await eg.admin.broker.describe()
    return {
      ...told,
      problems: [...told.problems],
      addresses: told.addresses.map((address) => ({ ...address })),
      disk: { ...told.disk },
      store: { ...told.store },
    }
  })
  if (globals.json) await writeJsonLine(host, status)
  else await host.stdout.write(printPairs(host, pairsOf(status)))
  return status.healthy ? exitCode.done : exitCode.unhealthy
}

function pairsOf(status: StatusJson): (readonly [string, string])[] {
  const { disk } = status
  const total = disk.usedBytes + disk.availableBytes
  const full = total === 0 ? 0 : Math.round((disk.usedBytes * 100) / total)
  return [
    ['health', status.healthy ? 'healthy' : 'unhealthy'],
    ...status.problems.map((problem) => ['problem', problem] as const),
    ['cluster', status.clusterId],
    ['broker', status.brokerId],
    ['software', status.software],
    ['started', `${printTableTime(status.startedAt)}, ${printDuration(status.uptimeMs)} ago, boot ${status.bootId}`],
    ...status.addresses.map(({ name, host, port }) => [`${name} address`, `${host}:${port}`] as const),
    ['data folder', status.dataDir],
    ['disk', `${disk.state}: ${full} % full, ${printSize(disk.availableBytes)} free`],
    ['topics', printCount(status.topics)],
    ['connections', printCount(status.connections)],
    ...Object.entries(status.store).map(storePair),
  ]
}

/** `unflushedBytes` → `unflushed bytes`. */
function storePair([name, value]: [string, number]): readonly [string, string] {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return [words, name.endsWith('Bytes') ? printSize(value) : printCount(value)]
}
