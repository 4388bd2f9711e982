import type { Alarm } from '@lepton/contracts/alarms'
import * as overload from './overload.ts'
import * as read from './readings.ts'

export interface AlarmDefinition extends Pick<Alarm, 'name' | 'words' | 'severity' | 'unit' | 'over'> {
  group: 'slo' | 'events' | 'overload' | 'shop'
  threshold: number
  for_s: number
  /** What it watches, and how each is now; undefined where only Prometheus looks back so far. */
  readings?: (around: read.Around) => read.Reading[]
  /** The same question to Prometheus. */
  rule: (threshold: number) => string
  /** Why the threshold is where it is. */
  why?: string
  /** The heading in docs/runbooks.md that says what to do, as links name it. */
  runbook?: string
}

const FLOOR = 'and lepton:requests:rate_5m > 1'
const page = { severity: 'page', unit: 'count', over: 'above', for_s: 0 } as const
const ticket = { ...page, severity: 'ticket' } as const

/** Every alarm of the shop, once: the console evaluates it, and Prometheus' rules are made from it. */
export const ALARMS: readonly AlarmDefinition[] = [
  {
    ...page,
    name: 'ErrorBudgetBurnsFast',
    group: 'slo',
    why: '99.9 % of requests without a 5xx in 30 days; burn rates of the SRE workbook. Below a request a second one failed request would page, so there is a floor.',
    words: "2 % of the month's error budget was used in an hour",
    unit: 'share',
    threshold: 0.0144,
    rule: (t) => `lepton:errors:ratio_1h > ${t} and lepton:errors:ratio_5m > ${t} ${FLOOR}`,
  },
  {
    ...page,
    name: 'ErrorBudgetBurns',
    group: 'slo',
    words: "5 % of the month's error budget was used in six hours",
    unit: 'share',
    threshold: 0.006,
    rule: (t) => `lepton:errors:ratio_6h > ${t} and lepton:errors:ratio_30m > ${t} ${FLOOR}`,
  },
  {
    ...ticket,
    name: 'ErrorBudgetWears',
    group: 'slo',
    words: "10 % of the month's error budget was used in three days",
    unit: 'share',
    threshold: 0.001,
    rule: (t) => `lepton:errors:ratio_3d > ${t} and lepton:errors:ratio_6h > ${t}`,
  },
  {
    ...ticket,
    name: 'SlowRequests',
    group: 'slo',
    words: 'one request in a hundred takes longer than a second',
    unit: 's',
    threshold: 1,
    for_s: 300,
    readings: read.slowRequests,
    rule: (t) =>
      `histogram_quantile(0.99, sum by (le) (rate(http_server_request_duration_seconds_bucket{service="gateway"}[5m]))) > ${t} ${FLOOR}`,
  },
  {
    ...ticket,
    name: 'OutboxWaits',
    group: 'events',
    words: 'events of {service} have waited {value} to be published',
    unit: 's',
    threshold: 5,
    for_s: 10,
    readings: read.outboxAges,
    rule: (t) => `max by (service) (outbox_oldest_age_seconds) > ${t}`,
  },
  {
    ...page,
    name: 'OutboxStuck',
    group: 'events',
    runbook: 'kafkas-log-is-lost',
    words: 'events of {service} have not been published for {value}',
    unit: 's',
    threshold: 30,
    readings: read.outboxAges,
    rule: (t) => `max by (service) (outbox_oldest_age_seconds) > ${t}`,
  },
  {
    ...page,
    name: 'ConsumerLagGrows',
    group: 'events',
    words: '{service} falls behind on {topic}',
    threshold: 1_000,
    for_s: 300,
    readings: read.growingLags,
    rule: (t) =>
      `sum by (service, topic) (kafka_consumer_lag_records) > ${t} and sum by (service, topic) (deriv(kafka_consumer_lag_records[5m])) > 0`,
  },
  {
    ...page,
    name: 'DeadLetters',
    group: 'events',
    runbook: 'a-record-cannot-be-applied',
    words: 'records that {service} cannot apply: {value}; their orders are waiting',
    threshold: 0,
    readings: read.deadLetters,
    rule: (t) => `max by (service) (dead_letters_open{status="DEAD"}) > ${t}`,
  },
  {
    ...page,
    name: 'UntrustedRecords',
    group: 'events',
    runbook: 'a-record-cannot-be-applied',
    why: 'They change nothing. But a program that is none of the shop writes to its topics, or a service signs with a key that others do not know.',
    words: 'records that {service} refused, not signed by the owner of their topic: {value}',
    threshold: 0,
    readings: read.refusedRecords,
    rule: (t) =>
      `sum by (service) (increase(messaging_client_consumed_messages_total{outcome="refused"}[10m])) > ${t}`,
  },
  {
    ...ticket,
    name: 'OrdersShed',
    group: 'overload',
    why: 'New orders are refused first, and cheaply. A peak may do that; five minutes of it mean too few instances.',
    words: '{value} of the requests are refused because the shop is overloaded',
    unit: 'share',
    threshold: 0.05,
    for_s: 300,
    readings: overload.shedShare,
    rule: (t) => `lepton:shed:ratio_5m > ${t}`,
  },
  {
    ...page,
    name: 'ReadsAndChangesShed',
    group: 'overload',
    why: 'Reads and changes are refused last: new orders alone did not make enough room.',
    words: '{service} refuses requests of priority {priority}',
    threshold: 0,
    for_s: 60,
    readings: overload.shedOthers,
    rule: (t) =>
      `sum by (service, priority) (rate(http_server_shed_total{priority=~"read|change"}[1m])) > ${t}`,
  },
  {
    ...ticket,
    name: 'InboundLimitAtItsMinimum',
    group: 'overload',
    why: 'INBOUND_MIN, by default 16: the instance cannot take in less, and still refuses some of what comes. The limit alone says nothing, since it stays where it was while there is no load.',
    words: '{instance} is overloaded although it works on {value} requests only',
    over: 'at_most',
    threshold: 16,
    for_s: 300,
    readings: overload.inboundLimits,
    rule: (t) =>
      `http_server_inbound_limit <= ${t} and on (service, instance) sum by (service, instance) (rate(http_server_shed_total[5m])) > 0`,
  },
  {
    ...page,
    name: 'InvariantBroken',
    group: 'shop',
    runbook: 'the-books-disagree',
    words: 'violations of {invariant}: {value}; npm run shop reconcile names the orders',
    threshold: 0,
    readings: read.brokenPromises,
    rule: (t) => `max by (invariant) (shop_invariant_violations) > ${t}`,
  },
  {
    ...page,
    name: 'OrderAnomaly',
    group: 'shop',
    words: 'something happened that the state table calls impossible',
    threshold: 0,
    readings: read.anomalies,
    rule: (t) => `sum(increase({__name__=~"(order|inventory|payment)_anomalies_total"}[10m])) > ${t}`,
  },
  {
    ...page,
    name: 'ServiceGone',
    group: 'shop',
    runbook: 'runbooks',
    words: 'no instance of {service} answers',
    over: 'at_most',
    threshold: 0,
    for_s: 30,
    readings: read.answering,
    rule: (t) => `sum by (service) (up{job="lepton"}) <= ${t} or absent(up{service="gateway"})`,
  },
  {
    ...ticket,
    name: 'BreakerOpen',
    group: 'shop',
    words: '{service} does not call {server_address} at the moment',
    threshold: 0,
    for_s: 60,
    readings: read.openBreakers,
    rule: (t) => `max by (service, server_address) (breaker_state) > ${t}`,
  },
  {
    ...page,
    name: 'CertificateExpires',
    group: 'shop',
    runbook: 'consul-is-lost-with-its-data',
    why: 'Certificates are renewed when half of their time is over: one that is not will soon be refused by every other service.',
    words: 'the certificate of {instance} expires in {value}',
    unit: 's',
    over: 'at_most',
    threshold: 1_800,
    for_s: 60,
    readings: read.certificates,
    rule: (t) => `(mesh_tls_certificate_expires_seconds > 0) - time() <= ${t}`,
  },
  {
    ...ticket,
    name: 'EventLoopBusy',
    group: 'shop',
    words: 'the event loop of {instance} is busy {value} of the time',
    unit: 'share',
    threshold: 0.9,
    for_s: 300,
    readings: read.loops,
    rule: (t) => `nodejs_eventloop_utilization > ${t}`,
  },
]
