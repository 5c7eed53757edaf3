import type { CliHost } from '../cli-host.ts'
import { printCount, printDuration, printSize } from '../text/units.ts'

/** How far something long has come. Shown on a terminal only, on standard error. */
export interface Progress {
  /** @param done of `total`; never falls. @param records so far */
  update(done: number, records: number): void
  /** Takes it off the screen. */
  end(): void
}

const silentProgress: Progress = { update() {}, end() {} }

/**
 * A bar with rate and time left; without a total, a line with count and rate.
 * @param total in `unit`; undefined or 0 where nobody knows
 */
export async function showProgress(
  host: CliHost,
  options: { readonly total: number | undefined; readonly unit: 'bytes' | 'records'; readonly quiet: boolean },
): Promise<Progress> {
  if (!host.stderr.isTerminal || options.quiet) return silentProgress
  const { default: cliProgress } = await import('cli-progress')
  const total = options.total ?? 0
  const startedAt = host.clock.now()
  const print = options.unit === 'bytes' ? printSize : printCount
  const bar = new cliProgress.SingleBar({
    stream: host.stderr.stream,
    hideCursor: true,
    clearOnComplete: true,
    fps: 8,
    format(barOptions, params, payload: { records?: number }) {
      const elapsedMs = Math.max(host.clock.now() - startedAt, 1)
      const records = payload.records ?? 0
      const rate = `${printCount(records)} records, ${printCount(Math.round((records * 1_000) / elapsedMs))}/s`
      if (total === 0) return rate
      const share = Math.min(params.value / total, 1)
      const filled = Math.round(share * 24)
      const drawn = `${'█'.repeat(filled)}${'░'.repeat(24 - filled)}`
      const leftMs = share === 0 ? 0 : (elapsedMs * (1 - share)) / share
      const left = leftMs === 0 ? '' : ` · ${printDuration(Math.ceil(leftMs / 1_000) * 1_000)} left`
      return `${drawn} ${Math.floor(share * 100)} % of ${print(total)} · ${rate}${left}`
    },
  })
  bar.start(total, 0, { records: 0 })
  return {
    update: (done, records) => bar.update(done, { records }),
    end: () => bar.stop(),
  }
}
