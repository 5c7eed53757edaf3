import type { CliHost } from '../cli-host.ts'

/** One JSON value on a line of its own, the form of all `--json` output. @param value one of `json-schema.ts` */
export async function writeJsonLine(host: CliHost, value: object): Promise<void> {
  await host.stdout.write(`${JSON.stringify(value)}\n`)
}
