import type { Metrics } from '../runtime/metrics.ts'

export type MeshMetrics = ReturnType<typeof createMeshMetrics>

/** What a mesh client counts. `server_address` is the service's name: addresses would make endless series. */
export function createMeshMetrics(metrics: Metrics) {
  return {
    duration: metrics.histogram({
      name: 'http_client_request_duration_seconds',
      help: 'Duration of single tries by service and operation',
      labelNames: ['server_address', 'http_route'],
    }),
    tries: metrics.counter({
      name: 'http_client_requests_total',
      help: 'Single tries by service, operation and result: a class of status, or why no answer came',
      labelNames: ['server_address', 'http_route', 'result'],
    }),
    picks: metrics.counter({
      name: 'lb_picks_total',
      help: 'Endpoints chosen',
      labelNames: ['server_address'],
    }),
    endpoints: metrics.gauge({
      name: 'lb_endpoints',
      help: 'Known endpoints by state',
      labelNames: ['server_address', 'state'],
    }),
    panic: metrics.counter({
      name: 'lb_panic_total',
      help: 'Choices made regardless of health, because too few endpoints are healthy',
      labelNames: ['server_address'],
    }),
    ejections: metrics.counter({
      name: 'lb_ejections_total',
      help: 'Endpoints taken out by their failures',
      labelNames: ['server_address', 'reason'],
    }),
    retries: metrics.counter({
      name: 'retries_total',
      help: 'Retry decisions by outcome',
      labelNames: ['server_address', 'outcome'],
    }),
    retryTokens: metrics.gauge({
      name: 'retry_budget_tokens',
      help: 'Retries that would be allowed at this moment',
      labelNames: ['server_address'],
    }),
    breakerState: metrics.gauge({
      name: 'breaker_state',
      help: 'Breaker by operation: 0 closed, 1 half-open, 2 open',
      labelNames: ['server_address', 'http_route'],
    }),
    deadlineExceeded: metrics.counter({
      name: 'deadline_exceeded_total',
      help: 'Calls that ended at their deadline',
      labelNames: ['server_address'],
    }),
  }
}

/** Counts the tries of one operation, whose series are looked up once: by result, and how long each took (s). */
export function tryCounter(
  { duration, tries }: MeshMetrics,
  labels: { server_address: string; http_route: string },
): (result: string, seconds: number) => void {
  const took = duration.labels(labels)
  const counts = new Map<string, { inc(): void }>()
  return (result, seconds) => {
    took.observe(seconds)
    let count = counts.get(result)
    if (count === undefined) counts.set(result, (count = tries.labels({ ...labels, result })))
    count.inc()
  }
}
