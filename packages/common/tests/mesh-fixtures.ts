import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from '@jest/globals'
import { silentLog } from '@lepton/testing/log'
import { createMetrics } from '../src/runtime/metrics.ts'
import { createMeshClient } from '../src/mesh/client.ts'
import type { Control } from '../src/mesh/control/control.ts'
import type { Discovery } from '../src/mesh/discovery.ts'
import type { KnownInstance } from '../src/mesh/membership.ts'
import { meshDefaults, type MeshSettings } from '../src/mesh/settings.ts'

type Handler = (req: IncomingMessage, res: ServerResponse) => void

export interface FakeInstance {
  instance: KnownInstance
  requests: IncomingMessage[]
  handler: Handler
  /** Ends at once, connections and all, as a killed process does. */
  kill(): Promise<void>
}

/** A service instance on loopback; answers 200 with its name unless a test sets another answer. */
export async function startInstance(
  name: string,
  handler: Handler = (_req, res) => res.end(name),
): Promise<FakeInstance> {
  const requests: IncomingMessage[] = []
  const server: Server = createServer((req, res) => {
    requests.push(req)
    fake.handler(req, res)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const fake: FakeInstance = {
    instance: {
      id: `${name}-${port}`,
      name,
      address: '127.0.0.1',
      port,
      tags: [],
      meta: {},
      isWarning: false,
      weight: 1,
      tier: 'verified',
    },
    requests,
    handler,
    async kill() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
  return fake
}

/** A discovery whose answer the test writes. */
export function createFakeDiscovery(initial: Record<string, KnownInstance[]>) {
  const lists = new Map(Object.entries(initial))
  const released: string[] = []
  const listeners = new Map<string, Set<(instances: readonly KnownInstance[]) => void>>()
  const discovery: Discovery = {
    watch: (service) => ({
      service,
      instances: () => lists.get(service) ?? [],
      ready: Promise.resolve(),
      isReady: () => true,
      isInformed: () => true,
      subscribe(listener) {
        const set = listeners.get(service) ?? new Set()
        listeners.set(service, set.add(listener))
        return () => set.delete(listener)
      },
    }),
    release: (service) => Promise.resolve(void released.push(service)),
    close: () => Promise.resolve(),
  }
  return {
    discovery,
    released,
    set(service: string, instances: KnownInstance[]) {
      lists.set(service, instances)
      for (const listener of listeners.get(service) ?? []) listener(instances)
    },
  }
}

/** A client over instances of one service, `order`. */
function createClientOver(fakes: FakeInstance[], settings: Partial<MeshSettings> = {}, control?: Control) {
  const metrics = createMetrics()
  const fakeDiscovery = createFakeDiscovery({ order: fakes.map(({ instance }) => instance) })
  const client = createMeshClient({
    discovery: fakeDiscovery.discovery,
    log: silentLog,
    metrics,
    ...(control && { control }),
    settings: { ...meshDefaults, ...settings },
  })

  async function value(name: string, labels: Record<string, string> = {}): Promise<number> {
    const values = (await metrics.registry.getSingleMetric(name)?.get())?.values ?? []
    const matching = values.filter((entry) =>
      Object.entries(labels).every(([label, wanted]) => String(entry.labels[label]) === wanted),
    )
    return matching.reduce((sum, entry) => sum + entry.value, 0)
  }

  return {
    client,
    value,
    released: fakeDiscovery.released,
    set: fakeDiscovery.set,
    setInstances: (instances: KnownInstance[]) => fakeDiscovery.set('order', instances),
    get: (extra = {}) =>
      client.request({ service: 'order', operation: 'getOrder', method: 'GET', path: '/orders/1', ...extra }),
    post: (extra = {}) =>
      client.request({
        service: 'order',
        operation: 'placeOrder',
        method: 'POST',
        path: '/orders',
        body: '{}',
        ...extra,
      }),
  }
}

/** Instances and clients for the tests of one file, gone after each test. */
export function useInstances() {
  const running: FakeInstance[] = []
  const clients: { close(): Promise<void> }[] = []
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()))
    await Promise.all(running.splice(0).map((fake) => fake.kill()))
  })
  return {
    instances: async (...names: string[]): Promise<FakeInstance[]> => {
      const started = await Promise.all(names.map((name) => startInstance(name)))
      running.push(...started)
      return started
    },
    over: (fakes: FakeInstance[], settings: Partial<MeshSettings> = {}, control?: Control) => {
      const created = createClientOver(fakes, settings, control)
      clients.push(created.client)
      return created
    },
  }
}

/** Runs `work` `total` times, `width` at once, and gives what became of each. */
export async function inParallel<T>(total: number, width: number, work: (index: number) => Promise<T>) {
  const results: PromiseSettledResult<T>[] = []
  let next = 0
  async function lane(): Promise<void> {
    while (next < total) {
      const index = next++
      results[index] = await work(index).then(
        (value) => ({ status: 'fulfilled' as const, value }),
        (reason: unknown) => ({ status: 'rejected' as const, reason }),
      )
    }
  }
  await Promise.all(Array.from({ length: width }, lane))
  return results
}

/** What went wrong among results that should all be 200, with the reasons down to the first. */
export function failuresOf(results: PromiseSettledResult<{ status: number }>[]): string[] {
  return results.flatMap((result) => {
    if (result.status === 'fulfilled')
      return result.value.status === 200 ? [] : [`status ${result.value.status}`]
    const reasons: string[] = []
    for (let error = result.reason as Error | undefined; error; error = error.cause as Error | undefined) {
      reasons.push(error.message)
    }
    return [reasons.join(' < ')]
  })
}
