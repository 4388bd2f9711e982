import { performance } from 'node:perf_hooks'
import { Counter, Gauge, Registry } from 'prom-client'
import { createHistogram, type Histogram, observedOf } from './histogram.ts'
import { createSeries, type Labels } from './series.ts'

/** Bucket bounds in seconds: of those that OpenTelemetry's HTTP conventions name, the ones that matter here. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]
/** Lines of a process's page, by default: what a scrape can take in without anybody noticing. */
const MAX_SERIES = 2_000

interface Definition<L extends string> {
  name: string
  help: string
  labelNames?: readonly L[]
}

interface Collected<M> {
  /** Runs before each scrape. */
  collect?: (metric: M) => void | Promise<void>
}

export interface Metrics {
  registry: Registry
  counter<L extends string>(definition: Definition<L> & Collected<Counter<L>>): Counter<L>
  gauge<L extends string>(definition: Definition<L> & Collected<Gauge<L>>): Gauge<L>
  histogram<L extends string>(definition: Definition<L> & { buckets?: number[] }): Histogram<L>
}

/**
 * A registry of one process's metrics. Asking twice for a name gives the same metric, so parts
 * that are created more than once (two consumers, two clients) can each name what they count.
 *
 * Label values must come from a small fixed set: never an id, an address or a raw path. Where that fails, the page
 * keeps its size all the same: beyond `maxSeries` lines a new combination of labels is counted as `_OTHER`.
 */
export function createMetrics(
  labels: Record<string, string> = {},
  { maxSeries = MAX_SERIES }: { maxSeries?: number } = {},
): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels(labels)
  const room = { left: maxSeries }
  const registers = [registry]

  /** Keeps the label sets of a metric of prom-client within the room there is. */
  function bounded<M extends object>(metric: M, labelNames: readonly string[]): M {
    const sets = createSeries(labelNames, (labels) => labels, { room, lines: 1 })
    if (labelNames.length === 0) return metric
    const methods = metric as unknown as Record<string, (given: Labels, value?: number) => void>
    for (const name of ['inc', 'dec', 'set']) {
      const method = methods[name]?.bind(metric)
      if (method !== undefined) methods[name] = (given, value) => method(sets.of(given), value)
    }
    return metric
  }

  /**
   * Has a counter add up by itself, and give prom-client the sums when they are read: there, each step takes a
   * microsecond, and some are taken with every request.
   */
  function addingUp<M extends object>(counter: M, labelNames: readonly string[]): M {
    const series = createSeries(labelNames, (labels) => ({ labels, sum: 0 }), { room, lines: 1 })
    if (labelNames.length === 0) return counter
    const own = counter as {
      inc(labels: Labels, by?: number): void
      labels(labels: Labels): { inc(by?: number): void }
      collect?: () => void | Promise<void>
    }
    const { collect } = own
    const add = own.inc.bind(counter)
    own.inc = (labels, by = 1) => {
      series.of(labels).sum += by
    }
    own.labels = (labels) => {
      const one = series.of(labels)
      return {
        inc(by = 1) {
          one.sum += by
        },
      }
    }
    own.collect = async () => {
      await collect?.call(counter)
      for (const one of series.all()) {
        if (one.sum > 0) add(one.labels, one.sum)
        one.sum = 0
      }
    }
    return counter
  }

  const once = <M extends object>(name: string, create: () => M): M =>
    (registry.getSingleMetric(name) as unknown as M | undefined) ?? create()

  const metrics: Metrics = {
    registry,
    counter: ({ name, help, labelNames = [], collect }) =>
      once(name, () =>
        addingUp(new Counter({ name, help, labelNames, registers, ...collecting(collect) }), labelNames),
      ),
    gauge: ({ name, help, labelNames = [], collect }) =>
      once(name, () =>
        bounded(new Gauge({ name, help, labelNames, registers, ...collecting(collect) }), labelNames),
      ),
    histogram: ({ name, help, labelNames = [], buckets = SECONDS }) =>
      once(name, () => {
        const lines = buckets.length + 3
        const create = (labels: Labels) => observedOf(labels, buckets)
        const series = createSeries(labelNames, create, { room, lines })
        const histogram = createHistogram({ name, help, buckets }, series)
        registry.registerMetric(histogram)
        return histogram
      }),
  }
  addProcessMetrics(metrics)
  return metrics
}

function collecting<M>(collect: ((metric: M) => void | Promise<void>) | undefined) {
  return (
    collect && {
      collect(this: M) {
        return collect(this)
      },
    }
  )
}

function addProcessMetrics({ counter, gauge }: Metrics): void {
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
  let counted = 0
  counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time the process used, user and system',
    collect: (metric) => {
      const { user, system } = process.cpuUsage()
      const used = (user + system) / 1e6
      metric.inc(used - counted)
      counted = used
    },
  })
}
