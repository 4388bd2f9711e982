import { lookup, Resolver } from 'node:dns/promises'
import type { SrvRecord } from 'node:dns'
import { type Backoff, fullJitterMs } from '../runtime/backoff.ts'
import type { Catalogue } from './catalogue.ts'
import type { ServiceInstance } from './consul-entries.ts'
import { TLS_KEY, TLS_MUTUAL, TLS_TAG } from './transports.ts'
import { pause } from '../runtime/wait.ts'
import {
  createWatches,
  type Discovery,
  watchesDefaults,
  type WatchesOptions,
  type WatchesSettings,
} from './watches.ts'

export interface DnsDiscoverySettings extends WatchesSettings {
  /** DNS has no way to wait for a change: so often each service is asked for, give or take the jitter. */
  pollMs: number
  /** The share of the pause that is random, so that processes do not ask together. */
  jitter: number
  errorBackoff: Backoff
  /** For one question, and how often it is asked. */
  timeoutMs: number
  tries: number
  /** Consul's `domain`. */
  domain: string
}

const dnsDiscoveryDefaults: DnsDiscoverySettings = {
  ...watchesDefaults,
  pollMs: 1_000,
  jitter: 0.2,
  errorBackoff: { baseMs: 500, maxMs: 10_000 },
  timeoutMs: 1_000,
  tries: 2,
  domain: 'consul',
}

export interface DnsDiscoveryOptions extends WatchesOptions {
  /** Consul's DNS port: `host:port`. */
  server: string
  /** Whether it matters who speaks TLS, which is a question of its own. */
  isSecure?: boolean
  settings?: Partial<DnsDiscoverySettings>
  random?: () => number
}

/** A name that DNS can ask for: with a dot it would ask for something else. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i

/** So many answers in a row that trade instances for others are no restarts. */
const TRADES = 5

/** What says that there is none; anything else is a fault of the resolver. */
const NONE = new Set(['ENOTFOUND', 'ENODATA'])

/**
 * Knows where services are by Consul's DNS port alone, for where nothing else of it can be reached.
 *
 * DNS says addresses, ports and weights, and who has a tag: so TLS is known. It does not say an instance's name (its
 * address and port stand for it), version, zone, other transports or warnings, and a change is known by the next
 * question only.
 */
export function createDnsDiscovery({
  server,
  isSecure = false,
  settings: given,
  random = Math.random,
  ...options
}: DnsDiscoveryOptions): Discovery {
  const settings = { ...dnsDiscoveryDefaults, ...given }
  const catalogue: Catalogue = {
    follow(service, { onAnswer, onError }) {
      const closing = new AbortController()
      const names = createNames(server, settings)
      const note = noteTrades(() =>
        options.log.warn(
          { target: service },
          'DNS names other instances each time: set dns_config { enable_truncate = true } in Consul',
        ),
      )

      /** One question after the other: never two in flight. */
      async function run(): Promise<void> {
        let failures = 0
        while (!closing.signal.aborted) {
          let delayMs = settings.pollMs * (1 + settings.jitter * (random() - 0.5))
          try {
            const instances = await instancesOf(service, names, { ...settings, isSecure })
            if (closing.signal.aborted) return
            failures = 0
            note(instances)
            onAnswer(instances)
          } catch (error) {
            if (closing.signal.aborted) return
            delayMs = Math.max(delayMs, fullJitterMs(failures++, settings.errorBackoff, random))
            onError(error)
          }
          await pause(delayMs, closing.signal)
        }
      }

      const running = run()
      return {
        async close() {
          closing.abort(new Error('closed'))
          names.cancel()
          await running
        },
      }
    },
  }
  return createWatches(catalogue, settings, options)
}

interface Names {
  srv(name: string): Promise<SrvRecord[]>
  address(name: string): Promise<string | undefined>
  cancel(): void
}

function createNames(server: string, { timeoutMs, tries }: DnsDiscoverySettings): Names {
  const resolver = new Resolver({ timeout: timeoutMs, tries })
  const { hostname, port } = new URL(`dns://${server}`)
  let isKnown = false

  /** What is asked for, or nothing where there is none. The server itself may move: after a fault it is looked for again. */
  async function orNone<T>(ask: () => Promise<T[]>): Promise<T[]> {
    try {
      if (!isKnown) {
        const { address, family } = await lookup(hostname.replace(/^\[|\]$/g, ''))
        resolver.setServers([`${family === 6 ? `[${address}]` : address}:${port || 53}`])
        isKnown = true
      }
      return await ask()
    } catch (error) {
      if (isKnown && NONE.has((error as { code?: string }).code ?? '')) return []
      isKnown = false
      throw error
    }
  }

  return {
    srv: (name) => orNone(() => resolver.resolveSrv(name)),
    address: async (name) =>
      (await orNone(() => resolver.resolve4(name)))[0] ?? (await orNone(() => resolver.resolve6(name)))[0],
    cancel: () => resolver.cancel(),
  }
}

const placeOf = ({ name, port }: SrvRecord) => `${name}:${port}`

/** Each place that SRV names, once. */
async function instancesOf(
  service: string,
  names: Names,
  { domain, isSecure }: { domain: string; isSecure: boolean },
): Promise<ServiceInstance[]> {
  if (!LABEL.test(service)) throw new Error(`${JSON.stringify(service)} is not a name that DNS can ask for`)
  const all = `${service}.service.${domain}`
  const records = await names.srv(all)
  // After the others: one that joins in between must not be taken for one without TLS.
  const tagged = isSecure ? await names.srv(`${TLS_TAG}.${all}`) : []
  const secure = new Set(tagged.map(placeOf))
  const addresses = new Map<string, string | undefined>()
  const places = new Map<string, ServiceInstance>()
  for (const record of records) {
    const { name: target, port, weight } = record
    // An address that was registered as a name is not Consul's: it is looked up when it is connected to.
    if (!target.endsWith(`.${domain}`)) addresses.set(target, target)
    if (!addresses.has(target)) addresses.set(target, await names.address(target))
    const address = addresses.get(target)
    if (address === undefined || port < 1) continue
    const id = `${address.includes(':') ? `[${address}]` : address}:${port}`
    const meta = secure.has(placeOf(record)) ? { [TLS_KEY]: TLS_MUTUAL } : {}
    places.set(id, { id, name: id, address, port, tags: [], meta, isWarning: false, weight })
  }
  // DNS shuffles its answers: the same places must be the same list.
  return [...places.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

/**
 * Consul leaves instances out of an answer that has no room for them: others each time, and without a word. That shows
 * in answers of one length that name others; `found` is called once.
 */
function noteTrades(found: () => void): (instances: readonly ServiceInstance[]) => void {
  let last = new Set<string>()
  let trades = 0
  let isFound = false
  return (instances) => {
    const isTrade = instances.length === last.size && instances.some(({ id }) => !last.has(id))
    trades = isTrade ? trades + 1 : 0
    last = new Set(instances.map(({ id }) => id))
    if (trades < TRADES || isFound) return
    isFound = true
    found()
  }
}
