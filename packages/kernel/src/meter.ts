/** Label values of one measurement; their number must be bounded (no ids of records, clients or segments). */
export type MetricLabels = { readonly [name: string]: string }

export interface MetricOptions {
  /** `eastguard_…`, unit last: `eastguard_journal_sync_seconds`. */
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly string[]
}

export interface HistogramOptions extends MetricOptions {
  /** Upper bounds, ascending, in the metric's unit. */
  readonly buckets: readonly number[]
}

export interface Counter {
  add(amount: number, labels?: MetricLabels): void
}

export interface Gauge {
  set(value: number, labels?: MetricLabels): void
}

export interface Histogram {
  observe(value: number, labels?: MetricLabels): void
}

/** Where measurements go. Asking twice for one name gives the same metric. */
export interface Meter {
  counter(options: MetricOptions): Counter
  gauge(options: MetricOptions): Gauge
  histogram(options: HistogramOptions): Histogram
}

export const silentMeter: Meter = {
  counter: () => ({ add() {} }),
  gauge: () => ({ set() {} }),
  histogram: () => ({ observe() {} }),
}
