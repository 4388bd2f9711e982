import { AsyncLocalStorage } from 'node:async_hooks'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { Unavailable } from '../runtime/problem.ts'
import type { Catalogue } from './catalogue.ts'
import { type ServiceWatch, startServiceWatch, type WatchSettings } from './service-watch.ts'

export interface Discovery {
  /**
   * The watch of a service, started by the first who asks for it.
   *
   * @throws Unavailable while as many services are watched as may be
   */
  watch(service: string): ServiceWatch
  /** Ends the watch of a service; the next `watch` begins another. */
  release(service: string): Promise<void>
  close(): Promise<void>
}

export interface WatchesSettings extends WatchSettings {
  /** More names than this are a mistake of the caller: each watch costs the catalogue something. */
  maxWatches: number
}

export const watchesDefaults: WatchesSettings = {
  maxWatches: 20,
  holdMs: 30_000,
  gatherMs: 3_000,
  lastKnownMaxAgeMs: 24 * 3600 * 1000,
}

export interface WatchesOptions {
  /** Where the last known instances are kept. */
  stateDir: string
  log: Log
  metrics: Metrics
  /** Steady ms: a clock that is set must neither blind discovery nor end what is held. */
  now?: () => number
  /** What the file says: it is read by a process that starts later. */
  date?: () => Date
}

/**
 * Knows where services are, and goes on knowing while the catalogue is away.
 *
 * The list lives in memory and in a file; nothing that the catalogue says or fails to say ends a watch or
 * empties a list at one blow. Age and restarts of the history are measured, so an operator sees them.
 */
export function createWatches(
  catalogue: Catalogue,
  settings: WatchesSettings,
  { stateDir, log, metrics, now = () => performance.now(), date = () => new Date() }: WatchesOptions,
): Discovery {
  // A watch outlives the request that first asked for it: it must not log under that request's trace.
  const outsideRequests = AsyncLocalStorage.snapshot()
  const watches = new Map<string, ReturnType<typeof startServiceWatch>>()
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
  const deps = {
    catalogue,
    stateDir,
    log,
    settings,
    onSuspicious: (service: string) => suspicious.inc({ server_address: service }),
    onIndexReset: (service: string) => indexResets.inc({ server_address: service }),
    now,
    date,
  }

  return {
    watch(service) {
      const existing = watches.get(service)
      if (existing !== undefined) return existing
      if (watches.size >= settings.maxWatches) {
        const cause = new Error(`${watches.size} services are watched, and no more may be`)
        throw new Unavailable(service, { cause })
      }
      const watch = outsideRequests(startServiceWatch, service, deps)
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
