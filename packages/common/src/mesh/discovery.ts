import type { ConsulClient } from './consul.ts'
import type { ServiceInstance } from './consul-entries.ts'
import type { Catalogue } from './catalogue.ts'
import { type LongPollSettings, startLongPoll } from './long-poll.ts'
import {
  createWatches,
  type Discovery,
  watchesDefaults,
  type WatchesOptions,
  type WatchesSettings,
} from './watches.ts'

export type { ServiceWatch } from './service-watch.ts'
export type { Discovery } from './watches.ts'

export interface DiscoverySettings extends LongPollSettings, WatchesSettings {
  waitS: number
  /** An answer from a server that lost contact with the leader for longer is not believed. */
  maxLastContactMs: number
}

export const discoveryDefaults: DiscoverySettings = {
  ...watchesDefaults,
  waitS: 55,
  rate: { burst: 5, refillMs: 2000 },
  errorBackoff: { baseMs: 200, maxMs: 10_000 },
  maxLastContactMs: 10_000,
}

export interface DiscoveryOptions extends WatchesOptions {
  consul: ConsulClient
  settings?: Partial<DiscoverySettings>
  random?: () => number
}

/** Knows where services are by Consul's HTTP interface: a change is known at once, with metadata and warnings. */
export function createDiscovery({
  consul,
  settings: given,
  random = Math.random,
  ...options
}: DiscoveryOptions): Discovery {
  const settings = { ...discoveryDefaults, ...given }
  const { log, now = () => performance.now() } = options

  async function ask(service: string, index: number, signal: AbortSignal) {
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
  }

  const catalogue: Catalogue = {
    follow: (service, listener) =>
      startLongPoll<ServiceInstance[]>({
        settings,
        now,
        random,
        ask: (index, signal) => ask(service, index, signal),
        ...listener,
      }),
  }
  return createWatches(catalogue, settings, options)
}
