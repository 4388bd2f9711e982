import { performance } from 'node:perf_hooks'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Bucket bounds in seconds: of those that OpenTelemetry's HTTP conventions name, the ones that matter here. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]
/** Lines of a process's page, by default: what a scrape can take in without anybody noticing. */
const MAX_SERIES = 2_000
/** What a label is where there is no room for one more value. */
const OTHER = '_OTHER'

interface Definition<L extends string> {
  name: string
  help: string
  labelNames?: readonly L[]
}

interface Collected<M> {
  /** Runs before each scrape. */
  collect?: (metric: M) => void | Promise<void>
}

type Labels = Record<string, string | number | undefined>

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
  let left = maxSeries

  /** Keeps the metric's label sets within what is left; `lines` is what one set takes. */
  function bounded<M extends object>(metric: M, labelNames: readonly string[], lines: number): M {
    left -= lines
    if (labelNames.length === 0) return metric
    const known = new Set<string>()
    const other = Object.fromEntries(labelNames.map((name) => [name, OTHER]))
    const setOf = (given: Labels) => {
      const key = keyOf(given, labelNames)
      if (known.has(key)) return given
      if (left < lines) return other
      left -= lines
      known.add(key)
      return given
    }
    const methods = metric as unknown as Record<string, (given: Labels, value?: number) => void>
    for (const name of ['inc', 'dec', 'set', 'observe']) {
      const method = methods[name]?.bind(metric)
      if (method !== undefined) methods[name] = (given, value) => method(setOf(given), value)
    }
    return metric
  }

  /**
   * Has a bounded counter add up by itself, and give prom-client the sums when they are read: there, each step takes a
   * microsecond, and some are taken with every request.
   */
  function addUp(counter: object, labelNames: readonly string[]): void {
    const own = counter as {
      inc(labels: Labels, by?: number): void
      collect?: () => void | Promise<void>
    }
    const { collect } = own
    const add = own.inc.bind(counter)
    const sums = new Map<string, { labels: Labels; sum: number }>()
    own.inc = (labels, by = 1) => {
      const key = keyOf(labels, labelNames)
      const known = sums.get(key)
      if (known !== undefined) known.sum += by
      else if (sums.size < maxSeries) sums.set(key, { labels: { ...labels }, sum: by })
      else add(labels, by)
    }
    own.collect = async () => {
      await collect?.call(counter)
      for (const one of sums.values()) {
        if (one.sum > 0) add(one.labels, one.sum)
        one.sum = 0
      }
    }
  }

  function once<M extends object>(
    name: string,
    create: () => M,
    labelNames: readonly string[],
    lines = 1,
  ): M {
    return (
      (registry.getSingleMetric(name) as unknown as M | undefined) ?? bounded(create(), labelNames, lines)
    )
  }

  const registers = [registry]
  const metrics: Metrics = {
    registry,
    counter({ name, help, labelNames = [], collect }) {
      const isKnown = registry.getSingleMetric(name) !== undefined
      const create = () => new Counter({ name, help, labelNames, registers, ...collecting(collect) })
      const counter = once(name, create, labelNames)
      if (!isKnown && labelNames.length > 0) addUp(counter, labelNames)
      return counter
    },
    gauge: ({ name, help, labelNames = [], collect }) =>
      once(name, () => new Gauge({ name, help, labelNames, registers, ...collecting(collect) }), labelNames),
    histogram: ({ name, help, labelNames = [], buckets = SECONDS }) =>
      once(
        name,
        () => new Histogram({ name, help, labelNames, buckets, registers }),
        labelNames,
        buckets.length + 3,
      ),
  }
  addProcessMetrics(metrics)
  return metrics
}

function keyOf(labels: Labels, labelNames: readonly string[]): string {
  let key = ''
  for (const name of labelNames) key += `${labels[name]}\0`
  return key
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
