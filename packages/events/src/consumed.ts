import type { Metrics } from '@lepton/common/runtime/metrics'

/** What became of records, of every subscription of a process. */
export function consumedCounter(metrics: Metrics): {
  inc(labels: { topic: string; outcome: string }, count?: number): void
} {
  return metrics.counter({
    name: 'messaging_client_consumed_messages_total',
    help: 'Records consumed, by topic and outcome',
    labelNames: ['topic', 'outcome'],
  })
}
