import type { ConsulClient } from './consul.ts'
import type { ServiceDefinition } from './consul-entries.ts'
import type { Log } from '../runtime/log.ts'
import { type Backoff, fullJitterMs } from '../runtime/backoff.ts'
import { pause } from '../runtime/wait.ts'
import { speaksTls, TLS_TAG } from './transports.ts'
import { createTokenBucket, type TokenBucketSettings } from './token-bucket.ts'

export interface RegistrySettings {
  checkIntervalS: number
  checkTimeoutS: number
  failuresBeforeCritical: number
  /** Long after any outage an instance may come back from. */
  deregisterAfterMin: number
  /** How long one look at the agent's entry waits for a change. */
  recheckS: number
  rate: TokenBucketSettings
  errorBackoff: Backoff
}

export const registryDefaults: RegistrySettings = {
  checkIntervalS: 5,
  checkTimeoutS: 2,
  failuresBeforeCritical: 2,
  deregisterAfterMin: 10,
  recheckS: 30,
  rate: { burst: 5, refillMs: 2000 },
  errorBackoff: { baseMs: 200, maxMs: 2000 },
}

export interface Registration {
  id: string
  /** Settles when Consul has removed the instance, or when the time is over: stopping must go on. */
  deregister: (timeoutMs?: number) => Promise<void>
}

export interface RegisterOptions {
  consul: ConsulClient
  log: Log
  service: string
  instance: string
  address: string
  port: number
  /** False where a connection that is accepted is health enough. */
  checkPath?: string | false
  /** Where the check looks, if not where the traffic goes. */
  check?: { address: string; port: number }
  tags?: string[]
  meta?: Record<string, string>
  settings?: Partial<RegistrySettings>
  random?: () => number
}

/**
 * Announces an instance that is ready, and keeps it announced until `deregister`.
 *
 * Returns once Consul has taken it, or after the first failure: an instance serves without Consul
 * and is registered when Consul is back. An agent that restarted without its data forgets everybody;
 * a standing query on our own entry breaks or answers then, so we return at once and not at the next look.
 */
export async function registerInstance({
  consul,
  log,
  service,
  instance,
  address,
  port,
  checkPath = '/readyz',
  check = { address, port },
  tags = [],
  meta = {},
  settings: given,
  random = Math.random,
}: RegisterOptions): Promise<Registration> {
  const settings = { ...registryDefaults, ...given }
  // The id includes the port, so an instance restarted on the same port replaces its stale entry. Otherwise the stale
  // check would pass again and one process would be two endpoints: a retry could hit the one that just failed.
  const id = `${instance}-${port}`
  const checked = `${check.address.includes(':') ? `[${check.address}]` : check.address}:${check.port}`
  const definition: ServiceDefinition = {
    id,
    name: service,
    address,
    port,
    tags: speaksTls({ meta }) ? [...tags, TLS_TAG] : tags,
    meta: { ...meta, instance },
    check: {
      // By name: where another process has taken the port since, the check must not pass for us.
      url:
        checkPath === false
          ? `tcp://${checked}`
          : `http://${checked}${checkPath}?instance=${encodeURIComponent(instance)}`,
      intervalS: settings.checkIntervalS,
      timeoutS: settings.checkTimeoutS,
      failuresBeforeCritical: settings.failuresBeforeCritical,
      deregisterAfterMin: settings.deregisterAfterMin,
    },
  }
  const closing = new AbortController()
  const tokens = createTokenBucket(settings.rate, () => performance.now())
  const { promise: attempted, resolve: setAttempted } = Promise.withResolvers<void>()

  async function keepRegistered(): Promise<void> {
    let hash: string | undefined
    let failures = 0
    let isRegistered = false
    while (!closing.signal.aborted) {
      await pause(tokens.takeMs(), closing.signal)
      if (closing.signal.aborted) break
      try {
        if (!isRegistered) {
          await consul.register(definition)
          log.info({ id, port }, 'registered with Consul')
        }
        isRegistered = true
        setAttempted()
        hash = await consul.definitionHash(id, {
          hash,
          waitS: settings.recheckS,
          timeoutMs: (settings.recheckS * 17 * 1000) / 16 + 5000,
          signal: closing.signal,
        })
        if (hash === undefined) isRegistered = false
        failures = 0
      } catch (error) {
        if (closing.signal.aborted) break
        hash = undefined
        if (failures === 0) log.warn({ err: error, id }, 'Consul does not answer: trying until it does')
        setAttempted()
        await pause(fullJitterMs(failures++, settings.errorBackoff, random), closing.signal)
      }
    }
    setAttempted()
  }

  const keeping = keepRegistered()
  await attempted

  return {
    id,
    async deregister(timeoutMs = 1000) {
      closing.abort(new Error('deregistered'))
      const settled = new AbortController()
      void keeping.then(() => settled.abort())
      await pause(timeoutMs, settled.signal)
      await consul
        .deregister(id, timeoutMs)
        .catch((error: unknown) => log.warn({ err: error, id }, 'could not deregister: its check will'))
    },
  }
}
