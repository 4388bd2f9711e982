import { AsyncLocalStorage } from 'node:async_hooks'
import type { ConsulClient, ServiceInstance } from './consul.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { Unavailable } from '../runtime/problem.ts'
import { loadLastKnown, saveLastKnown } from './last-known.ts'
import { type LongPollSettings, startLongPoll } from './long-poll.ts'
import {
  applyAnswer,
  emptyMembership,
  type KnownInstance,
  knownInstances,
  type Membership,
  nextExpiryMs,
  rememberedMembership,
  withoutExpired,
} from './membership.ts'

export interface ServiceWatch {
  service: string
  instances(): readonly KnownInstance[]
  /** Settles with the first answer, or with the first failure and what a file remembers. Never rejects. */
  ready: Promise<void>
  isReady(): boolean
  subscribe(listener: (instances: readonly KnownInstance[]) => void): () => void
}

export interface Discovery {
  /** The watch of a service, started by the first who asks for it. */
  /** @throws Unavailable while as many services are watched as may be */
  watch(service: string): ServiceWatch
  /** Ends the watch of a service; the next `watch` begins another. */
  release(service: string): Promise<void>
  close(): Promise<void>
}

export interface DiscoverySettings extends LongPollSettings {
  waitS: number
  /** More names than this are a mistake of the caller: each watch holds a connection of Consul's. */
  maxWatches: number
  /** An answer from a server that lost contact with the leader for longer is not believed. */
  maxLastContactMs: number
  /** How long instances that vanished in a suspicious way stay usable. */
  holdMs: number
  /** Losses that follow each other within this time count as one. */
  gatherMs: number
  lastKnownMaxAgeMs: number
}

export const discoveryDefaults: DiscoverySettings = {
  waitS: 55,
  rate: { burst: 5, refillMs: 2000 },
  errorBackoff: { baseMs: 200, maxMs: 10_000 },
  maxWatches: 20,
  maxLastContactMs: 10_000,
  holdMs: 30_000,
  gatherMs: 3_000,
  lastKnownMaxAgeMs: 24 * 3600 * 1000,
}

/** A list that does not change is written again this often: its age counts from when it was last true. */
const CONFIRM_EVERY_MS = 3_600_000

export interface DiscoveryOptions {
  consul: ConsulClient
  stateDir: string
  log: Log
  metrics: Metrics
  settings?: Partial<DiscoverySettings>
  /** Steady ms: a clock that is set must neither blind discovery nor end what is held. */
  now?: () => number
  /** What the file says: it is read by a process that starts later. */
  date?: () => Date
  random?: () => number
}

/**
 * Knows where services are, and goes on knowing while Consul is away.
 *
 * The list lives in memory and in a file; nothing that Consul says or fails to say ends a watch or
 * empties a list at one blow. Age and restarts of the history are measured, so an operator sees them.
 */
export function createDiscovery({
  consul,
  stateDir,
  log,
  metrics,
  settings: given,
  now = () => performance.now(),
  date = () => new Date(),
  random = Math.random,
}: DiscoveryOptions): Discovery {
  const settings = { ...discoveryDefaults, ...given }
  // A watch outlives the request that first asked for it: it must not log under that request's trace.
  const outsideRequests = AsyncLocalStorage.snapshot()
  const watches = new Map<string, ServiceWatch & { answeredAtMs(): number; close(): Promise<void> }>()
  const indexResets = metrics.counter({
    name: 'discovery_index_resets_total',
    help: 'Times the index of the catalogue went back and the list was read again',
    labelNames: ['server_address'],
  })
  const suspicious = metrics.counter({
    name: 'discovery_suspicious_updates_total',
    help: 'Answers that lost most of a service at once, whose instances were kept for a while',
    labelNames: ['server_address'],
  })
  metrics.gauge({
    name: 'discovery_age_seconds',
    help: 'Time since the catalogue last answered about a service',
    labelNames: ['server_address'],
    collect: (gauge) => {
      for (const watch of watches.values()) {
        gauge.set({ server_address: watch.service }, (now() - watch.answeredAtMs()) / 1000)
      }
    },
  })

  function startWatch(service: string) {
    const listeners = new Set<(instances: readonly KnownInstance[]) => void>()
    const startedAtMs = now()
    let answeredAtMs: number | undefined
    let membership: Membership = emptyMembership
    let instances: readonly KnownInstance[] = []
    let isFailing = false
    let expiry: NodeJS.Timeout | undefined
    let saving: Promise<void> = Promise.resolve()
    let saved = ''
    let savedAtMs = Number.NEGATIVE_INFINITY
    let isReady = false
    const { promise: ready, resolve: resolveReady } = Promise.withResolvers<void>()

    function setReady(): void {
      isReady = true
      resolveReady()
    }

    function become(next: Membership): void {
      membership = next
      const list = knownInstances(next)
      clearTimeout(expiry)
      const { holdMs } = settings
      const expiresAtMs = nextExpiryMs(next, holdMs)
      if (expiresAtMs !== Infinity) {
        const expire = () => become(withoutExpired(membership, { nowMs: now(), holdMs }))
        expiry = setTimeout(expire, Math.max(1, expiresAtMs - now())).unref()
      }
      if (JSON.stringify(list) === JSON.stringify(instances)) return
      instances = list
      for (const listener of listeners) listener(instances)
    }

    function save(list: ServiceInstance[]): void {
      const content = JSON.stringify(list)
      const isConfirmed = content === saved && now() - savedAtMs < CONFIRM_EVERY_MS
      if (list.length === 0 || isConfirmed) return
      saved = content
      savedAtMs = now()
      saving = saving
        .then(() => saveLastKnown(stateDir, service, { instances: list, now: date() }))
        .catch((error: unknown) =>
          log.warn({ err: error, target: service }, 'cannot save the last known instances'),
        )
    }

    async function useRemembered(): Promise<void> {
      const list = await loadLastKnown(stateDir, service, {
        maxAgeMs: settings.lastKnownMaxAgeMs,
        now: date(),
      })
      if (answeredAtMs === undefined && list.length > 0) become(rememberedMembership(list))
    }

    const remembered = useRemembered()
    const poll = startLongPoll<ServiceInstance[]>({
      settings,
      now,
      random,
      ask: async (index, signal) => {
        const answer = await consul.health(service, {
          index,
          waitS: settings.waitS,
          // Consul adds up to a sixteenth of the wait of its own.
          timeoutMs: (settings.waitS * 17 * 1000) / 16 + 5000,
          signal,
        })
        if (answer.unreadable > 0) {
          log.warn({ target: service, entries: answer.unreadable }, 'entries of the catalogue are left out')
        }
        const isDetached = !answer.hasLeader || answer.lastContactMs > settings.maxLastContactMs
        if (isDetached) throw new Error('Consul answered without contact to its leader')
        return { index: answer.index, value: answer.instances }
      },
      onAnswer: (list) => {
        if (isFailing) log.info({ target: service }, 'discovery answers again')
        isFailing = false
        answeredAtMs = now()
        const { isSuspicious, ...next } = applyAnswer(membership, list, {
          nowMs: answeredAtMs,
          holdMs: settings.holdMs,
          gatherMs: settings.gatherMs,
        })
        if (isSuspicious) {
          suspicious.inc({ server_address: service })
          log.warn(
            { target: service, left: list.length },
            'most instances vanished at once: keeping them for a while',
          )
        }
        become(next)
        save(list)
        setReady()
      },
      onError: (error) => {
        if (!isFailing)
          log.warn({ err: error, target: service }, 'discovery fails: going on with the known instances')
        isFailing = true
        void remembered.then(setReady)
      },
      onIndexReset: () => indexResets.inc({ server_address: service }),
    })

    return {
      service,
      ready,
      isReady: () => isReady,
      instances: () => instances,
      answeredAtMs: () => answeredAtMs ?? startedAtMs,
      subscribe(listener: (instances: readonly KnownInstance[]) => void) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      async close() {
        clearTimeout(expiry)
        listeners.clear()
        await poll.close()
        await remembered
        await saving
        clearTimeout(expiry)
        setReady()
      },
    }
  }

  return {
    watch(service) {
      const existing = watches.get(service)
      if (existing !== undefined) return existing
      if (watches.size >= settings.maxWatches) {
        const cause = new Error(`${watches.size} services are watched, and no more may be`)
        throw new Unavailable(service, { cause })
      }
      const watch = outsideRequests(startWatch, service)
      watches.set(service, watch)
      return watch
    },
    async release(service) {
      const watch = watches.get(service)
      watches.delete(service)
      await watch?.close()
    },
    async close() {
      await Promise.all([...watches.values()].map((watch) => watch.close()))
      watches.clear()
    },
  }
}
