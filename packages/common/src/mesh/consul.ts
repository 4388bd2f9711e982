import Consul from 'consul'
import { Pool } from 'undici'
import { z } from 'zod'
import {
  HealthEntry,
  KeyEntries,
  type KeyValue,
  type ServiceDefinition,
  type ServiceInstance,
  toInstance,
  toKeyValue,
} from './consul-entries.ts'
import { createConsulToken } from './consul-token.ts'

export type { KeyValue, ServiceDefinition, ServiceInstance } from './consul-entries.ts'

export interface BlockingQuery {
  waitS: number
  timeoutMs: number
  signal?: AbortSignal
}

export interface HealthAnswer {
  index: number
  hasLeader: boolean
  lastContactMs: number
  instances: ServiceInstance[]
  /** Entries that cannot be read or called, and are left out: one odd one must not hide the others. */
  unreadable: number
}

export interface ConsulClient {
  register(definition: ServiceDefinition): Promise<void>
  deregister(serviceId: string, timeoutMs: number): Promise<void>
  /** The ids that the agent itself keeps for services with a tag. */
  idsWithTag(tag: string): Promise<string[]>
  /** Waits until the agent's own entry differs from `hash`; undefined when the agent does not know the id. */
  definitionHash(
    serviceId: string,
    query: BlockingQuery & { hash?: string | undefined },
  ): Promise<string | undefined>
  /** Instances that are not critical, read from any server; `index` 0 answers at once. */
  health(service: string, query: BlockingQuery & { index: number }): Promise<HealthAnswer>
  /** Every key below a prefix; `index` 0 answers at once. */
  listKeys(
    prefix: string,
    query: BlockingQuery & { index: number },
  ): Promise<{ index: number; entries: KeyValue[] }>
  readKey(key: string): Promise<KeyValue | undefined>
  /** What Consul answers at another path, `/v1/agent/connect/ca/roots` for one; `index` 0 answers at once. */
  ask(path: string, query: BlockingQuery & { index: number }): Promise<{ index: number; content: unknown }>
  /**
   * Writes a key, or deletes it, if it was last changed at `modifyIndex`; 0: if it is not there.
   *
   * @returns false where another change came first
   */
  writeKey(key: string, value: string | undefined, modifyIndex: number): Promise<boolean>
  close(): Promise<void>
}

interface ConsulSettings {
  /** `http://host:port`, or `host:port` as Consul's own tools write it. */
  address: string
  token?: string | undefined
  /** Holds the ACL token; it is read at the start, and again when Consul refuses what was in it. */
  tokenFile?: string | undefined
  /** For writes, and reads that do not block; a blocking query names its own. */
  answerTimeoutMs?: number
  /** For one key: a request waits for the answer. */
  keyTimeoutMs?: number
}

/** Everything this system says to Consul: the npm client for writes, own requests for blocking queries. */
export function createConsulClient({
  address,
  token: given,
  tokenFile,
  answerTimeoutMs = 5_000,
  keyTimeoutMs = 1_500,
}: ConsulSettings): ConsulClient {
  const token = createConsulToken({ token: given, tokenFile })
  const url = new URL(address.includes('://') ? address : `http://${address}`)
  const client = new Consul({
    host: url.hostname,
    port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
    secure: url.protocol === 'https:',
  })
  const pool = new Pool(url.origin, { connections: 32, allowH2: false, headersTimeout: 0, bodyTimeout: 0 })

  /** One request of our own, whatever its answer's status. */
  async function send(request: {
    method: 'GET' | 'PUT' | 'DELETE'
    path: string
    body?: string
    signal: AbortSignal
  }) {
    return token.use(
      async (value) => {
        const headers: Record<string, string> = value === undefined ? {} : { 'x-consul-token': value }
        const answer = await pool.request({ ...request, headers })
        return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() }
      },
      ({ status }) => status === 403,
    )
  }

  async function get(path: string, { timeoutMs, signal }: BlockingQuery) {
    signal?.throwIfAborted()
    const abort = new AbortController()
    const timer = setTimeout(
      () => abort.abort(new Error(`Consul did not answer within ${timeoutMs} ms`)),
      timeoutMs,
    )
    const onAbort = () => abort.abort(signal?.reason)
    signal?.addEventListener('abort', onAbort)
    try {
      return await send({ method: 'GET', path, signal: abort.signal })
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** A blocking query; one for what is there now does not block, and a Consul that hangs is found out as soon as by a write. */
  async function wait(path: string, query: BlockingQuery & { index: number }) {
    const how = `${path.includes('?') ? '&' : '?'}index=${query.index}&wait=${query.waitS}s`
    const timeoutMs = Math.min(query.timeoutMs, answerTimeoutMs)
    const answer = await (query.index === 0 ? get(path, { ...query, timeoutMs }) : get(path + how, query))
    return { ...answer, index: Number(answer.headers['x-consul-index'] ?? 0) || 0 }
  }

  function refused(what: string, status: number, text: string): Error {
    return new Error(`Consul answered ${status} to ${what}: ${text.slice(0, 200)}`)
  }

  return {
    async register({ check, ...service }) {
      const checkOptions = {
        name: `${service.name} is ready`,
        ...(check.url.startsWith('tcp://') ? { tcp: check.url.slice('tcp://'.length) } : { http: check.url }),
        interval: `${check.intervalS}s`,
        timeout: `${check.timeoutS}s`,
        status: 'passing',
        deregistercriticalserviceafter: `${check.deregisterAfterMin}m`,
      }
      const registerWith = (check: typeof checkOptions & { failuresbeforecritical?: number }) =>
        token.use((value) => {
          const options = { ...service, timeout: answerTimeoutMs, ...tokenOf(value), check }
          return client.agent.service.register(options)
        })
      try {
        await registerWith({ ...checkOptions, failuresbeforecritical: check.failuresBeforeCritical })
      } catch (error) {
        // Agents before 1.7 do not know the field and refuse the whole request.
        if ((error as { statusCode?: number }).statusCode !== 400) throw error
        await registerWith(checkOptions)
      }
    },

    async deregister(serviceId, timeoutMs) {
      await token.use((value) => {
        const options = { id: serviceId, timeout: timeoutMs, ...tokenOf(value) }
        return client.agent.service.deregister(options)
      })
    },

    async idsWithTag(tag) {
      const filter = encodeURIComponent(`${JSON.stringify(tag)} in Tags`)
      const query = { waitS: 0, timeoutMs: answerTimeoutMs }
      const { status, text } = await get(`/v1/agent/services?filter=${filter}`, query)
      if (status !== 200) throw refused('the services of this agent', status, text)
      return Object.keys(z.record(z.string(), z.unknown()).parse(JSON.parse(text)))
    },

    async definitionHash(serviceId, query) {
      const search = query.hash === undefined ? '' : `?hash=${query.hash}&wait=${query.waitS}s`
      const { status, headers, text } = await get(
        `/v1/agent/service/${encodeURIComponent(serviceId)}${search}`,
        query,
      )
      if (status === 404) return undefined
      const hash = headers['x-consul-contenthash']
      if (status !== 200 || typeof hash !== 'string') throw refused('a look at our own entry', status, text)
      return hash
    },

    async health(service, query) {
      const path = `/v1/health/service/${encodeURIComponent(service)}?stale=1`
      const { index, status, headers, text } = await wait(path, query)
      if (status !== 200) throw refused(`the health of ${service}`, status, text)
      const entries = z.array(z.unknown()).parse(JSON.parse(text))
      const readable = entries.flatMap((entry) => HealthEntry.safeParse(entry).data ?? [])
      return {
        index,
        hasLeader: headers['x-consul-knownleader'] !== 'false',
        lastContactMs: Number(headers['x-consul-lastcontact'] ?? 0) || 0,
        instances: readable.flatMap(toInstance),
        unreadable: entries.length - readable.length,
      }
    },

    async listKeys(prefix, query) {
      const { index, status, text } = await wait(`/v1/kv/${pathOf(prefix)}?recurse`, query)
      if (status !== 200 && status !== 404) throw refused(`the keys below ${prefix}`, status, text)
      return { index, entries: status === 404 ? [] : KeyEntries.parse(JSON.parse(text)).map(toKeyValue) }
    },

    async ask(path, query) {
      const { index, status, text } = await wait(path, query)
      if (status !== 200) throw refused(`the question at ${path}`, status, text)
      return { index, content: JSON.parse(text) as unknown }
    },

    async readKey(key) {
      const { status, text } = await get(`/v1/kv/${pathOf(key)}`, { waitS: 0, timeoutMs: keyTimeoutMs })
      if (status === 404) return undefined
      if (status !== 200) throw refused(`the key ${key}`, status, text)
      return KeyEntries.parse(JSON.parse(text)).map(toKeyValue)[0]
    },

    async writeKey(key, value, modifyIndex) {
      const { status, text } = await send({
        method: value === undefined ? 'DELETE' : 'PUT',
        path: `/v1/kv/${pathOf(key)}?cas=${modifyIndex}`,
        ...(value !== undefined && { body: value }),
        signal: AbortSignal.timeout(keyTimeoutMs),
      })
      if (status !== 200) throw refused(`a write of ${key}`, status, text)
      return text.trim() === 'true'
    },

    async close() {
      client.destroy()
      await pool.destroy()
    },
  }
}

function tokenOf(token: string | undefined): { token?: string } {
  return token === undefined ? {} : { token }
}

function pathOf(key: string): string {
  return key.split('/').map(encodeURIComponent).join('/')
}
