import { performance } from 'node:perf_hooks'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Bucket bounds in seconds that OpenTelemetry's HTTP conventions name. */
const OTEL_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

interface Definition<L extends string> {
  name: string
  help: string
  labelNames?: readonly L[]
}

export interface Metrics {
  registry: Registry
  counter<L extends string>(definition: Definition<L>): Counter<L>
  gauge<L extends string>(
    definition: Definition<L> & { collect?: (gauge: Gauge<L>) => void | Promise<void> },
  ): Gauge<L>
  histogram<L extends string>(definition: Definition<L> & { buckets?: number[] }): Histogram<L>
}

/**
 * A registry of one process's metrics. Asking twice for a name gives the same metric, so parts
 * that are created more than once (two consumers, two clients) can each name what they count.
 *
 * Label values must come from a small fixed set: never an id, an address or a raw path.
 */
export function createMetrics(labels: Record<string, string> = {}): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels(labels)
  function once<M>(name: string, create: () => M): M {
    return (registry.getSingleMetric(name) as M | undefined) ?? create()
  }
  const metrics: Metrics = {
    registry,
    counter: ({ name, help, labelNames = [] }) =>
      once(name, () => new Counter({ name, help, labelNames, registers: [registry] })),
    gauge: ({ name, help, labelNames = [], collect }) =>
      once(
        name,
        () =>
          new Gauge({
            name,
            help,
            labelNames,
            registers: [registry],
            ...(collect && {
              collect() {
                return collect(this)
              },
            }),
          }),
      ),
    histogram: ({ name, help, labelNames = [], buckets = OTEL_SECONDS }) =>
      once(name, () => new Histogram({ name, help, labelNames, buckets, registers: [registry] })),
  }
  addProcessMetrics(metrics)
  return metrics
}

function addProcessMetrics({ gauge }: Metrics): void {
  let since = performance.eventLoopUtilization()
  gauge({
    name: 'nodejs_eventloop_utilization',
    help: 'Share of time the event loop was busy since the last scrape (0 to 1)',
    collect: (metric) => {
      const until = performance.eventLoopUtilization()
      metric.set(performance.eventLoopUtilization(until, since).utilization)
      since = until
    },
  })
  gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of the process',
    collect: (metric) => metric.set(process.memoryUsage.rss()),
  })
  gauge({
    name: 'process_cpu_seconds_total',
    help: 'CPU time the process used, user and system',
    collect: (metric) => {
      const { user, system } = process.cpuUsage()
      metric.set((user + system) / 1e6)
    },
  })
}
