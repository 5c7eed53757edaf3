import type { Meter, MetricOptions } from '@eastguard/kernel'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Kernel's Meter on prom-client, in a registry of its own: two brokers in one process do not share figures. */
export class PrometheusMeter implements Meter {
  readonly #registry = new Registry()

  counter: Meter['counter'] = (options) => {
    const metric =
      (this.#registry.getSingleMetric(options.name) as Counter | undefined) ??
      new Counter({ ...named(options), registers: [this.#registry] })
    return { add: (amount, labels = {}) => metric.inc(labels, amount) }
  }

  gauge: Meter['gauge'] = (options) => {
    const metric =
      (this.#registry.getSingleMetric(options.name) as Gauge | undefined) ??
      new Gauge({ ...named(options), registers: [this.#registry] })
    return { set: (value, labels = {}) => metric.set(labels, value) }
  }

  histogram: Meter['histogram'] = (options) => {
    const metric =
      (this.#registry.getSingleMetric(options.name) as Histogram | undefined) ??
      new Histogram({ ...named(options), buckets: [...options.buckets], registers: [this.#registry] })
    return { observe: (value, labels = {}) => metric.observe(labels, value) }
  }

  /** The text format of Prometheus. */
  print(): Promise<string> {
    return this.#registry.metrics()
  }

  get contentType(): string {
    return this.#registry.contentType
  }
}

function named(options: MetricOptions): {
  name: string
  help: string
  labelNames: string[]
} {
  return { name: options.name, help: options.help, labelNames: [...(options.labelNames ?? [])] }
}
