import type { Snapshot } from './snapshot.ts'

export type Values = {
  labels: Record<string, string | number>
  value: number
  metricName?: string
}[]

export function requestsOf(statuses: Values, durations: Values): Pick<Snapshot, 'le' | 'requests'> {
  const bounds = new Set<number>()
  const routes = new Map<string, Snapshot['requests'][number]>()
  const routeOf = ({ http_request_method, http_route }: Values[number]['labels']) => {
    const [method, route] = [String(http_request_method), String(http_route)]
    const found = routes.get(`${method} ${route}`)
    if (found !== undefined) return found
    const made = { method, route, count: 0, failed: 0, buckets: [] }
    routes.set(`${method} ${route}`, made)
    return made
  }
  for (const { labels, value } of statuses) {
    const route = routeOf(labels)
    route.count += value
    if (String(labels.http_response_status_code).startsWith('5')) route.failed += value
  }
  for (const { labels, value, metricName } of durations) {
    if (metricName?.endsWith('_bucket') !== true) continue
    if (labels.le !== '+Inf') bounds.add(Number(labels.le))
    routeOf(labels).buckets.push(value)
  }
  return { le: [...bounds], requests: [...routes.values()] }
}

const BREAKER = ['closed', 'half-open', 'open']

export function callsOf(tries: Values, breakers: Values): Snapshot['calls'] {
  return breakers.map(({ labels, value }) => {
    const { server_address: target, http_route: operation } = labels
    const own = tries.filter(
      (one) => one.labels.server_address === target && one.labels.http_route === operation,
    )
    const isFailed = ({ labels: { result } }: Values[number]) => !/^[1-4]xx$/.test(String(result))
    return {
      target: String(target),
      operation: String(operation),
      count: sumOf(own),
      failed: sumOf(own.filter(isFailed)),
      breaker: BREAKER[value] ?? 'closed',
    }
  })
}

export function outboxOf(pending: number | undefined, oldest_s: number | undefined): Snapshot['outbox'] {
  const isKnown = pending !== undefined && oldest_s !== undefined && !Number.isNaN(pending)
  return isKnown ? { pending, oldest_s } : null
}

export function lagOf(values: Values): { topic: string; records: number }[] {
  const byTopic = Map.groupBy(values, ({ labels }) => String(labels.topic))
  return [...byTopic].map(([topic, partitions]) => ({ topic, records: sumOf(partitions) }))
}

export function consumedOf(outcomes: Values, transactions: Values, ages: Values): Snapshot['consumed'] {
  const topics = new Set([...outcomes, ...transactions].map(({ labels }) => String(labels.topic)))
  return [...topics].map((topic) => {
    const ofTopic = (values: Values) => values.filter(({ labels }) => labels.topic === topic)
    const count = (outcome: string) =>
      sumOf(ofTopic(outcomes).filter(({ labels }) => labels.outcome === outcome))
    return {
      topic,
      applied: count('applied'),
      repeated: count('repeated'),
      blocked: count('blocked'),
      dead: count('dead'),
      refused: count('refused'),
      transactions: partOf(ofTopic(transactions), 'count'),
      busy_s: partOf(ofTopic(transactions), 'sum'),
      aged: partOf(ofTopic(ages), 'count'),
      age_s: partOf(ofTopic(ages), 'sum'),
    }
  })
}

/** The count or the sum of a histogram. */
export function partOf(values: Values, part: 'count' | 'sum'): number {
  return sumOf(values.filter(({ metricName }) => metricName?.endsWith(`_${part}`)))
}

/** What is counted of a target: calls that were sent again, and how old the list of its instances is. */
export function reachOf(target: string, retries: Values, listed: Values) {
  const own = (values: Values) => values.filter(({ labels }) => labels.server_address === target)
  const sent = own(retries).filter(
    ({ labels: { outcome } }) => outcome === 'success' || outcome === 'failure',
  )
  return { retried: sumOf(sent), discovery_age_s: known(own(listed)[0]?.value) }
}

export function poolOf(values: Values): NonNullable<Snapshot['pool']> {
  const of = (state: string) => values.find(({ labels }) => labels.state === state)?.value ?? 0
  return { idle: of('idle'), used: of('used'), waiting: of('waiting') }
}

export function sumOf(values: Values): number {
  return values.reduce((sum, { value }) => sum + value, 0)
}

export function known(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value
}
