import { type Balancer, createBalancer } from './balancer.ts'
import { createConnections, type Way } from './connections.ts'
import type { ServiceWatch } from './discovery.ts'
import type { Endpoint } from './endpoint.ts'
import type { TargetTraffic } from './control/traffic.ts'
import { POLICIES, type PolicyName } from './policies/by-name.ts'
import { createLimit, type Limit } from './limit.ts'
import type { KnownInstance } from './membership.ts'
import { createOperations, type Operation, type OperationDeps } from './operations.ts'
import { createRetryBudget, type RetryBudget } from './retry-budget.ts'
import { createTokenBucket } from './token-bucket.ts'
import type { Transport } from './transport.ts'
import type { Identity } from './tls/identity.ts'

/** Everything one client keeps about one service. */
export interface Target {
  service: string
  /** When a request last needed it. */
  usedAtMs: number
  watch: ServiceWatch
  balancer: Balancer
  limit: Limit
  budget: RetryBudget
  countPick(): void
  /** Of second tries beside a first that is slower than most; undefined where they are not wanted. */
  hedges(): RetryBudget | undefined
  /** Of a call that names none, where the control plane says it. */
  deadlineMs(): number | undefined
  /** What is allowed to this caller; false where it asks for more. */
  admits(): boolean
  configure(traffic: TargetTraffic): void
  operation(name: string): Operation
  operations(): Iterable<Operation>
  policy(): PolicyName
  transport(endpoint: Endpoint, hasToken: boolean): Transport
  way(endpoint: Endpoint): Way | undefined
  tick(): void
  close(): Promise<void>
}

/** Any answer below 500 says that the instance is there, also where it knows no such path. */
const PROBE_PATH = '/readyz'
const PROBE_OVERDUE_MS = 2_000
const PROBE_TIMEOUT_MS = 1_000

interface TargetOptions extends OperationDeps {
  watch: ServiceWatch
  /** Instances that speak TLS are called by it, where there is one. */
  identity?: Identity | undefined
  random: () => number
}

export function createTarget({ watch, random, identity, ...deps }: TargetOptions): Target {
  const { settings, metrics, log, outsideRequests, now } = deps
  const { service } = watch
  const label = { server_address: service }
  const operations = createOperations(service, deps)
  const picks = metrics.picks.labels(label)
  const connections = createConnections(service, {
    settings: settings.transport,
    identity,
    log,
    outsideRequests,
  })
  let transportName = settings.transportName
  const budget = createRetryBudget(settings.retryBudget, now)
  let policyName = settings.policy
  const hedgeBudget = createRetryBudget(settings.hedge.budget, now)
  let isHedging = settings.hedge.isOn
  let deadlineMs: number | undefined
  let perSecond: (() => boolean) | undefined
  let limits: TargetTraffic['limit'] = {}
  const limit = createLimit(settings.maxPending)
  const createPolicy = (name: PolicyName) => POLICIES[name]({ random, load: settings.balancer.load })
  let currentPolicy = createPolicy(settings.policy)
  const balancer = createBalancer({
    policy: currentPolicy,
    isKeyed: isKeyed(settings.policy),
    settings: settings.balancer,
    now,
    random,
    events: {
      onPanic: () => metrics.panic.inc(label),
      onEject: ({ instance }, reason) => {
        metrics.ejections.inc({ ...label, reason })
        log.warn({ target: service, endpoint: instance.name, reason }, 'endpoint ejected')
        measure()
      },
      onRevive: ({ instance }) => {
        log.info({ target: service, endpoint: instance.name }, 'endpoint is back')
        measure()
      },
    },
  })

  /** Undefined lets all through. */
  function limiterOf(rate: number | undefined): (() => boolean) | undefined {
    if (rate === undefined) return undefined
    if (rate === 0) return () => false
    return createTokenBucket({ burst: rate, refillMs: 1_000 / rate }, now).tryTake
  }

  function measure(): void {
    for (const state of ['healthy', 'unverified', 'ejected'] as const) {
      const count = balancer.endpoints().filter(({ standing }) => standing === state).length
      metrics.endpoints.set({ ...label, state }, count)
    }
    metrics.retryTokens.set(label, budget.balance())
  }

  function update(instances: readonly KnownInstance[]): void {
    const { joined, left } = balancer.update(instances)
    for (const endpoint of left) connections.leave(endpoint)
    // What opened a breaker was the failure of old instances; nothing is known about a new one.
    if (joined.some(({ instance }) => instance.tier === 'verified')) {
      for (const { breaker } of operations.all()) breaker.reset()
    }
    measure()
  }

  const transportOf = (endpoint: Endpoint, hasToken: boolean) =>
    connections.to(endpoint, transportName, hasToken)

  /** Asks an ejected endpoint for its health, where no request may be its probe. */
  async function probe(endpoint: Endpoint): Promise<void> {
    const startedMs = now()
    const exchange = { method: 'GET' as const, path: PROBE_PATH, headers: {}, timeoutMs: PROBE_TIMEOUT_MS }
    const isAnswered = await transportOf(endpoint, false)
      .exchange(exchange)
      .then(
        ({ status }) => status < 500,
        () => false,
      )
    const rttMs = now() - startedMs
    balancer.settle(endpoint, { outcome: isAnswered ? 'success' : 'failure', startedMs, rttMs })
  }

  const unsubscribe = watch.subscribe(update)
  update(watch.instances())

  return {
    service,
    usedAtMs: now(),
    watch,
    balancer,
    budget,
    limit,
    countPick: () => picks.inc(),
    deadlineMs: () => deadlineMs,
    hedges: () => (isHedging ? hedgeBudget : undefined),

    admits() {
      if (limits.concurrent !== undefined && limit.pending() >= limits.concurrent) return false
      return perSecond?.() ?? true
    },

    configure({
      policy = settings.policy,
      transport,
      hedge,
      split,
      instances,
      limit: given,
      deadlineMs: givenMs,
    }) {
      isHedging = hedge ?? settings.hedge.isOn
      transportName = transport ?? settings.transportName
      deadlineMs = givenMs
      if (limits.per_second !== given.per_second) perSecond = limiterOf(given.per_second)
      limits = given
      if (policy !== policyName) currentPolicy = createPolicy(policy)
      policyName = policy
      balancer.configure({
        policy: currentPolicy,
        isKeyed: isKeyed(policy),
        split,
        instances,
      })
      measure()
    },

    operation: operations.of,
    operations: operations.all,
    policy: () => policyName,
    transport: transportOf,
    way: connections.way,

    tick() {
      balancer.tick()
      const overdue = balancer.takeProbe(PROBE_OVERDUE_MS)
      if (overdue !== undefined) void outsideRequests(probe, overdue)
      measure()
    },

    async close() {
      unsubscribe()
      for (const { breaker } of operations.all()) breaker.shutdown()
      await connections.close(settings.closeTimeoutMs)
    },
  }
}

const isKeyed = (policy: PolicyName) => policy === 'consistent_hash'
