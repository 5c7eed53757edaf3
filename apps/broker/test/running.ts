import { request } from 'node:http'
import { deferred, isEastGuardError } from '@eastguard/kernel'
import { type BrokerHost, runBroker } from '../src/run.ts'
import type { SettingKey } from '../src/settings/table.ts'

/** Status of a GET with these headers; 0 when nobody answers. */
export const get = (port: number, headers: { readonly [name: string]: string }): Promise<number> =>
  new Promise((resolve) => {
    request({ host: '127.0.0.1', port, path: '/livez', headers }, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
      .on('error', () => resolve(0))
      .end()
  })

/** A broker on this machine's disk and network, as its process would run it. */
export const running = async (
  flags: { readonly [Key in SettingKey]?: unknown },
  use: (port: number) => Promise<void>,
): Promise<{ readonly code: number; readonly complaints: string }> => {
  let stop: () => void = () => {}
  const listening = deferred<number>()
  const complaints: string[] = []
  const host: BrokerHost = {
    environment: {},
    readText: () => Promise.reject(new Error('no file')),
    print: (line) => {
      const port = /^listening on .*:(\d+),/.exec(line)?.[1]
      if (port !== undefined) listening.resolve(Number(port))
    },
    complain: (error) => {
      complaints.push(isEastGuardError(error) ? `${error.message} [${error.code}]` : String(error))
    },
    onStop: (run) => {
      stop = run
    },
  }
  const settings = {
    listen: '127.0.0.1:0',
    journalFileBytes: '1MiB',
    batchBytesMax: '256KiB',
    logLevel: 'error',
    ...flags,
  }
  const ended = runBroker({ settings }, host)
  const port = await Promise.race([listening.promise, ended.then(() => undefined)])
  if (port !== undefined) {
    await use(port)
    stop()
  }
  return { code: await ended, complaints: complaints.join('\n') }
}
