import type { Metric, MetricObjectWithValues, MetricValueWithName } from 'prom-client'
import type { Labels, Series } from './series.ts'

export interface Histogram<L extends string> {
  observe(labels: Partial<Record<L, string | number>>, value: number): void
  /** That of one set of labels, which is not looked up again. */
  labels(labels: Partial<Record<L, string | number>>): { observe(value: number): void }
}

export interface Observed {
  labels: Labels
  /** How many values each bucket holds, without those of the buckets below it. */
  counts: number[]
  count: number
  sum: number
}

export const observedOf = (labels: Labels, buckets: readonly number[]): Observed => ({
  labels,
  counts: buckets.map(() => 0),
  count: 0,
  sum: 0,
})

/**
 * A histogram for prom-client's registry. Its own checks and looks up the labels of each value, which takes 2 µs, with
 * every request; what is read at a scrape is put together then.
 *
 * @param buckets upper bounds, ascending
 */
export function createHistogram<L extends string>(
  { name, help, buckets }: { name: string; help: string; buckets: readonly number[] },
  series: Series<Observed>,
): Histogram<L> & Metric<L> {
  function values(): MetricValueWithName<string>[] {
    const all: MetricValueWithName<string>[] = []
    for (const { labels, counts, count, sum } of series.all()) {
      const add = (suffix: string, value: number, le?: number | string) =>
        all.push({
          metricName: `${name}_${suffix}`,
          labels: { ...(le !== undefined && { le }), ...labels },
          value,
        })
      let below = 0
      for (const [index, bound] of buckets.entries()) add('bucket', (below += counts[index]!), bound)
      add('bucket', count, '+Inf')
      add('sum', sum)
      add('count', count)
    }
    return all
  }

  function add(observed: Observed, value: number): void {
    observed.count += 1
    observed.sum += value
    for (let index = 0; index < buckets.length; index++)
      if (value <= buckets[index]!) {
        observed.counts[index]! += 1
        return
      }
  }

  const histogram = {
    name,
    help,
    observe: (labels: Labels, value: number) => add(series.of(labels), value),
    labels(labels: Labels) {
      const observed = series.of(labels)
      return { observe: (value: number) => add(observed, value) }
    },
    get: () => Promise.resolve({ name, help, type: 'histogram', values: values(), aggregator: 'sum' }),
    reset: () => undefined,
  }
  // prom-client's types number the kinds of metrics; it writes their names.
  return histogram as unknown as Histogram<L> & Metric<L> & { get(): Promise<MetricObjectWithValues<never>> }
}
